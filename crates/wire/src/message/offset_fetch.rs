//! `OffsetFetch` (9): reads the positions of groups.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 9, versions = 1..=10, flexible = 6..)]
pub struct OffsetFetchRequest<'a> {
    #[field(versions = ..=7)]
    pub group_id: Str<'a>,
    #[field(versions = ..=7, nullable = 2..)]
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    #[field(versions = 8..)]
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    #[field(versions = 7..)]
    pub require_stable: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchRequestTopic<'a> {
    pub name: Str<'a>,
    pub partition_indexes: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchRequestGroup<'a> {
    pub group_id: Str<'a>,
    /// KIP-848.
    #[field(versions = 9.., default = None, ignorable)]
    pub member_id: Option<Str<'a>>,
    /// KIP-848.
    #[field(versions = 9.., default = -1, ignorable)]
    pub member_epoch: i32,
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchRequestTopics<'a> {
    #[field(versions = ..=9, ignorable)]
    pub name: Str<'a>,
    /// KIP-848.
    #[field(versions = 10.., ignorable)]
    pub topic_id: TopicId,
    pub partition_indexes: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 9, versions = 1..=10, flexible = 6..)]
pub struct OffsetFetchResponse<'a> {
    #[field(versions = 3.., ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = ..=7)]
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    #[field(versions = 2..=7, ignorable)]
    pub error_code: ErrorCode,
    #[field(versions = 8..)]
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchResponseTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchResponsePartition<'a> {
    pub partition_index: PartitionIndex,
    pub committed_offset: Offset,
    #[field(versions = 5.., default = LeaderEpoch::NONE, ignorable)]
    pub committed_leader_epoch: LeaderEpoch,
    pub metadata: Option<Str<'a>>,
    pub error_code: ErrorCode,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchResponseGroup<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    pub error_code: ErrorCode,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchResponseTopics<'a> {
    #[field(versions = ..=9, ignorable)]
    pub name: Str<'a>,
    /// KIP-848.
    #[field(versions = 10.., ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetFetchResponsePartitions<'a> {
    pub partition_index: PartitionIndex,
    pub committed_offset: Offset,
    #[field(default = LeaderEpoch::NONE, ignorable)]
    pub committed_leader_epoch: LeaderEpoch,
    pub metadata: Option<Str<'a>>,
    pub error_code: ErrorCode,
}
