//! `OffsetCommit` (8): stores the positions of a group.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 8, versions = 2..=10, flexible = 8..)]
pub struct OffsetCommitRequest<'a> {
    pub group_id: Str<'a>,
    #[field(default = -1, ignorable)]
    pub generation_id_or_member_epoch: i32,
    #[field(ignorable)]
    pub member_id: Str<'a>,
    #[field(versions = 7.., default = None)]
    pub group_instance_id: Option<Str<'a>>,
    #[field(versions = ..=4, default = -1, ignorable)]
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetCommitRequestTopic<'a> {
    #[field(versions = ..=9, ignorable)]
    pub name: Str<'a>,
    /// KIP-848.
    #[field(versions = 10.., ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<OffsetCommitRequestPartition<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetCommitRequestPartition<'a> {
    pub partition_index: PartitionIndex,
    pub committed_offset: Offset,
    #[field(versions = 6.., default = LeaderEpoch::NONE, ignorable)]
    pub committed_leader_epoch: LeaderEpoch,
    pub committed_metadata: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 8, versions = 2..=10, flexible = 8..)]
pub struct OffsetCommitResponse<'a> {
    #[field(versions = 3.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetCommitResponseTopic<'a> {
    #[field(versions = ..=9, ignorable)]
    pub name: Str<'a>,
    /// KIP-848.
    #[field(versions = 10.., ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
}
