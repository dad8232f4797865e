//! The position of a group, of whatever kind, in a partition.

use ottla_model::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 1, versions = 0)]
pub struct OffsetCommitKey<'a> {
    pub group: Str<'a>,
    pub topic: Str<'a>,
    pub partition: PartitionIndex,
}

/// Only version 1 knows a commit that says itself when it expires.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 1, versions = 0..=4, flexible = 4..)]
pub struct OffsetCommitValue<'a> {
    pub offset: Offset,
    /// KIP-320.
    #[field(versions = 3.., default = LeaderEpoch::NONE, ignorable)]
    pub leader_epoch: LeaderEpoch,
    pub metadata: Str<'a>,
    pub commit_timestamp: Timestamp,
    #[field(versions = 1, default = Timestamp::NONE, ignorable)]
    pub expire_timestamp: Timestamp,
    #[field(versions = 4.., tag = 0, ignorable)]
    pub topic_id: TopicId,
}
