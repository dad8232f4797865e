//! `Produce` (0): appends batches to partitions.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, Timestamp, TopicId};

use crate::{Message, Records, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 0, versions = 3..=13, flexible = 9..)]
pub struct ProduceRequest<'a> {
    #[field(default = None)]
    pub transactional_id: Option<Str<'a>>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicProduceData<'a> {
    #[field(versions = ..=12, ignorable)]
    pub name: Str<'a>,
    /// KIP-516.
    #[field(versions = 13.., ignorable)]
    pub topic_id: TopicId,
    pub partition_data: Vec<PartitionProduceData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionProduceData<'a> {
    pub index: i32,
    #[field(default = None)]
    pub records: Option<Records<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 0, versions = 3..=13, flexible = 9..)]
pub struct ProduceResponse<'a> {
    pub responses: Vec<TopicProduceResponse<'a>>,
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// KIP-951.
    #[field(versions = 10.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicProduceResponse<'a> {
    #[field(versions = ..=12, ignorable)]
    pub name: Str<'a>,
    /// KIP-516.
    #[field(versions = 13.., ignorable)]
    pub topic_id: TopicId,
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionProduceResponse<'a> {
    pub index: i32,
    pub error_code: ErrorCode,
    pub base_offset: Offset,
    #[field(default = Timestamp::NONE, ignorable)]
    pub log_append_time_ms: Timestamp,
    #[field(versions = 5.., default = Offset::UNKNOWN, ignorable)]
    pub log_start_offset: Offset,
    /// KIP-467.
    #[field(versions = 8.., ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// KIP-467.
    #[field(versions = 8.., default = None, ignorable)]
    pub error_message: Option<Str<'a>>,
    /// KIP-951.
    #[field(versions = 10.., tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct BatchIndexAndErrorMessage<'a> {
    pub batch_index: i32,
    #[field(default = None)]
    pub batch_index_error_message: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct LeaderIdAndEpoch {
    #[field(default = NodeId::NONE)]
    pub leader_id: NodeId,
    #[field(default = LeaderEpoch::NONE)]
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
