//! `ListOffsets` (2): finds offsets by timestamp, and the ends of partitions.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 2, versions = 1..=11, flexible = 6..)]
pub struct ListOffsetsRequest<'a> {
    pub replica_id: NodeId,
    #[field(versions = 2..)]
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// KIP-1075.
    #[field(versions = 10.., ignorable)]
    pub timeout_ms: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ListOffsetsTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<ListOffsetsPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ListOffsetsPartition {
    pub partition_index: PartitionIndex,
    #[field(versions = 4.., default = LeaderEpoch::NONE, ignorable)]
    pub current_leader_epoch: LeaderEpoch,
    pub timestamp: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 2, versions = 1..=11, flexible = 6..)]
pub struct ListOffsetsResponse<'a> {
    #[field(versions = 2.., ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ListOffsetsTopicResponse<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = Timestamp::NONE)]
    pub timestamp: Timestamp,
    #[field(default = Offset::UNKNOWN)]
    pub offset: Offset,
    #[field(versions = 4.., default = LeaderEpoch::NONE)]
    pub leader_epoch: LeaderEpoch,
}
