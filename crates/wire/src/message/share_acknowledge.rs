//! `ShareAcknowledge` (79): answers for acquired records.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 79, versions = 1..=2, flexible = 0..)]
pub struct ShareAcknowledgeRequest<'a> {
    #[field(default = None)]
    pub group_id: Option<Str<'a>>,
    pub member_id: Option<Str<'a>>,
    pub share_session_epoch: i32,
    /// KIP-1222.
    #[field(versions = 2..)]
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AcknowledgeTopic {
    pub topic_id: TopicId,
    pub partitions: Vec<AcknowledgePartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AcknowledgePartition {
    pub partition_index: PartitionIndex,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AcknowledgementBatch {
    pub first_offset: Offset,
    pub last_offset: Offset,
    pub acknowledge_types: Vec<i8>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 79, versions = 1..=2, flexible = 0..)]
pub struct ShareAcknowledgeResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    /// KIP-1222.
    #[field(versions = 2.., ignorable)]
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse<'a>>,
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ShareAcknowledgeTopicResponse<'a> {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub current_leader: LeaderIdAndEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct LeaderIdAndEpoch {
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct NodeEndpoint<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: i32,
    #[field(default = None)]
    pub rack: Option<Str<'a>>,
}
