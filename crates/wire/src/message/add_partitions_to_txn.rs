//! `AddPartitionsToTxn` (24): adds partitions to a transaction.

use ottla_model::{ErrorCode, PartitionIndex, ProducerEpoch, ProducerId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 24, versions = 0..=5, flexible = 3..)]
pub struct AddPartitionsToTxnRequest<'a> {
    #[field(versions = 4..)]
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    #[field(versions = ..=3)]
    pub v3_and_below_transactional_id: Str<'a>,
    #[field(versions = ..=3)]
    pub v3_and_below_producer_id: ProducerId,
    #[field(versions = ..=3)]
    pub v3_and_below_producer_epoch: ProducerEpoch,
    #[field(versions = ..=3)]
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AddPartitionsToTxnTransaction<'a> {
    pub transactional_id: Str<'a>,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AddPartitionsToTxnTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 24, versions = 0..=5, flexible = 3..)]
pub struct AddPartitionsToTxnResponse<'a> {
    pub throttle_time_ms: i32,
    #[field(versions = 4.., ignorable)]
    pub error_code: ErrorCode,
    #[field(versions = 4..)]
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    #[field(versions = ..=3)]
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AddPartitionsToTxnResult<'a> {
    pub transactional_id: Str<'a>,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    pub name: Str<'a>,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: PartitionIndex,
    pub partition_error_code: ErrorCode,
}
