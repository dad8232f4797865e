//! `DescribeShareGroupOffsets` (90): tells the start offsets of share groups.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 90, versions = 0..=1, flexible = 0..)]
pub struct DescribeShareGroupOffsetsRequest<'a> {
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeShareGroupOffsetsRequestGroup<'a> {
    pub group_id: Str<'a>,
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 90, versions = 0..=1, flexible = 0..)]
pub struct DescribeShareGroupOffsetsResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeShareGroupOffsetsResponseGroup<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic<'a>>,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: Str<'a>,
    pub topic_id: TopicId,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeShareGroupOffsetsResponsePartition<'a> {
    pub partition_index: PartitionIndex,
    pub start_offset: Offset,
    pub leader_epoch: LeaderEpoch,
    /// KIP-1226.
    #[field(versions = 1.., default = -1, ignorable)]
    pub lag: i64,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
}
