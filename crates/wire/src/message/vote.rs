//! `Vote` (52): asks a voter of the quorum for its vote.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 52, versions = 0..=2, flexible = 0..)]
pub struct VoteRequest<'a> {
    #[field(default = None)]
    pub cluster_id: Option<Str<'a>>,
    /// KIP-853.
    #[field(versions = 1.., default = NodeId::NONE, ignorable)]
    pub voter_id: NodeId,
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
    pub replica_epoch: LeaderEpoch,
    pub replica_id: NodeId,
    /// KIP-853.
    #[field(versions = 1.., ignorable)]
    pub replica_directory_id: Uuid,
    /// KIP-853.
    #[field(versions = 1.., ignorable)]
    pub voter_directory_id: Uuid,
    pub last_offset_epoch: LeaderEpoch,
    pub last_offset: Offset,
    #[field(versions = 2..)]
    pub pre_vote: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 52, versions = 0..=2, flexible = 0..)]
pub struct VoteResponse<'a> {
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData<'a>>,
    /// KIP-853.
    #[field(versions = 1.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseTopicData<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<ResponsePartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponsePartitionData {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
    pub vote_granted: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct NodeEndpoint<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: u16,
}
