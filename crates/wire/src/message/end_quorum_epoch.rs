//! `EndQuorumEpoch` (54): tells the voters that the leader of the quorum resigns.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, PartitionIndex, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 54, versions = 0..=1, flexible = 1..)]
pub struct EndQuorumEpochRequest<'a> {
    #[field(default = None)]
    pub cluster_id: Option<Str<'a>>,
    pub topics: Vec<RequestTopicData<'a>>,
    /// KIP-853.
    #[field(versions = 1.., ignorable)]
    pub leader_endpoints: Vec<LeaderEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestTopicData<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<RequestPartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestPartitionData {
    pub partition_index: PartitionIndex,
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
    #[field(versions = 0, ignorable)]
    pub preferred_successors: Vec<NodeId>,
    /// KIP-853.
    #[field(versions = 1.., ignorable)]
    pub preferred_candidates: Vec<ReplicaInfo>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReplicaInfo {
    pub candidate_id: NodeId,
    pub candidate_directory_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct LeaderEndpoint<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 54, versions = 0..=1, flexible = 1..)]
pub struct EndQuorumEpochResponse<'a> {
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
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct NodeEndpoint<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: u16,
}
