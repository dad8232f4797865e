//! `ShareFetch` (78): acquires records for a member of a share group.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};

use crate::{Message, Records, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 78, versions = 1..=2, flexible = 0..)]
pub struct ShareFetchRequest<'a> {
    #[field(default = None)]
    pub group_id: Option<Str<'a>>,
    pub member_id: Option<Str<'a>>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[field(default = i32::MAX)]
    pub max_bytes: i32,
    pub max_records: i32,
    pub batch_size: i32,
    /// KIP-1206.
    #[field(versions = 2.., ignorable)]
    pub share_acquire_mode: i8,
    /// KIP-1206.
    #[field(versions = 2..)]
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FetchTopic {
    pub topic_id: TopicId,
    pub partitions: Vec<FetchPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FetchPartition {
    pub partition_index: PartitionIndex,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AcknowledgementBatch {
    pub first_offset: Offset,
    pub last_offset: Offset,
    pub acknowledge_types: Vec<i8>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ForgottenTopic {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 78, versions = 1..=2, flexible = 0..)]
pub struct ShareFetchResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse<'a>>,
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ShareFetchableTopicResponse<'a> {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub acknowledge_error_code: ErrorCode,
    #[field(default = None)]
    pub acknowledge_error_message: Option<Str<'a>>,
    pub current_leader: LeaderIdAndEpoch,
    pub records: Records<'a>,
    pub acquired_records: Vec<AcquiredRecords>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct LeaderIdAndEpoch {
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AcquiredRecords {
    pub first_offset: Offset,
    pub last_offset: Offset,
    pub delivery_count: i16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct NodeEndpoint<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: i32,
    #[field(default = None)]
    pub rack: Option<Str<'a>>,
}
