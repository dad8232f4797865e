//! `DescribeProducers` (61): tells the producers active in partitions.

use ottla_model::{ErrorCode, Offset, PartitionIndex, ProducerId, Sequence, Timestamp};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 61, versions = 0, flexible = 0..)]
pub struct DescribeProducersRequest<'a> {
    pub topics: Vec<TopicRequest<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicRequest<'a> {
    pub name: Str<'a>,
    pub partition_indexes: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 61, versions = 0, flexible = 0..)]
pub struct DescribeProducersResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<TopicResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicResponse<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<PartitionResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionResponse<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub active_producers: Vec<ProducerState>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ProducerState {
    pub producer_id: ProducerId,
    pub producer_epoch: i32,
    #[field(default = Sequence(-1))]
    pub last_sequence: Sequence,
    #[field(default = Timestamp::NONE)]
    pub last_timestamp: Timestamp,
    pub coordinator_epoch: i32,
    #[field(default = Offset::UNKNOWN)]
    pub current_txn_start_offset: Offset,
}
