//! `DescribeQuorum` (55): tells the state of the metadata quorum.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 55, versions = 0..=2, flexible = 0..)]
pub struct DescribeQuorumRequest<'a> {
    pub topics: Vec<RequestTopicData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestTopicData<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<RequestPartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestPartitionData {
    pub partition_index: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 55, versions = 0..=2, flexible = 0..)]
pub struct DescribeQuorumResponse<'a> {
    pub error_code: ErrorCode,
    /// KIP-853.
    #[field(versions = 2.., ignorable)]
    pub error_message: Option<Str<'a>>,
    pub topics: Vec<ResponseTopicData<'a>>,
    /// KIP-853.
    #[field(versions = 2..)]
    pub nodes: Vec<Node<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseTopicData<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<ResponsePartitionData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponsePartitionData<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    /// KIP-853.
    #[field(versions = 2.., ignorable)]
    pub error_message: Option<Str<'a>>,
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
    pub high_watermark: Offset,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReplicaState {
    pub replica_id: NodeId,
    /// KIP-853.
    #[field(versions = 2..)]
    pub replica_directory_id: Uuid,
    pub log_end_offset: Offset,
    /// KIP-836.
    #[field(versions = 1.., default = Timestamp::NONE, ignorable)]
    pub last_fetch_timestamp: Timestamp,
    /// KIP-836.
    #[field(versions = 1.., default = Timestamp::NONE, ignorable)]
    pub last_caught_up_timestamp: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Node<'a> {
    pub node_id: NodeId,
    pub listeners: Vec<Listener<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Listener<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
}
