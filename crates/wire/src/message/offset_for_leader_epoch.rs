//! `OffsetForLeaderEpoch` (23): tells where the leader epochs of a partition end.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 23, versions = 2..=4, flexible = 4..)]
pub struct OffsetForLeaderEpochRequest<'a> {
    #[field(versions = 3.., default = NodeId(-2), ignorable)]
    pub replica_id: NodeId,
    pub topics: Vec<OffsetForLeaderTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetForLeaderTopic<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetForLeaderPartition {
    pub partition: PartitionIndex,
    #[field(default = LeaderEpoch::NONE, ignorable)]
    pub current_leader_epoch: LeaderEpoch,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 23, versions = 2..=4, flexible = 4..)]
pub struct OffsetForLeaderEpochResponse<'a> {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetForLeaderTopicResult<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<EpochEndOffset>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct EpochEndOffset {
    pub error_code: ErrorCode,
    pub partition: PartitionIndex,
    #[field(default = LeaderEpoch::NONE, ignorable)]
    pub leader_epoch: LeaderEpoch,
    #[field(default = Offset::UNKNOWN)]
    pub end_offset: Offset,
}
