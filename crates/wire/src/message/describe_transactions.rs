//! `DescribeTransactions` (65): tells the state of transactions.

use ottla_model::{ErrorCode, PartitionIndex, ProducerEpoch, ProducerId, Timestamp};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 65, versions = 0, flexible = 0..)]
pub struct DescribeTransactionsRequest<'a> {
    pub transactional_ids: Vec<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 65, versions = 0, flexible = 0..)]
pub struct DescribeTransactionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TransactionState<'a> {
    pub error_code: ErrorCode,
    pub transactional_id: Str<'a>,
    pub transaction_state: Str<'a>,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: Timestamp,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub topics: Vec<TopicData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicData<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
