//! `ListTransactions` (66): lists the transactions that a broker coordinates.

use ottla_model::{ErrorCode, ProducerId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 66, versions = 0..=2, flexible = 0..)]
pub struct ListTransactionsRequest<'a> {
    pub state_filters: Vec<Str<'a>>,
    pub producer_id_filters: Vec<ProducerId>,
    #[field(versions = 1.., default = -1)]
    pub duration_filter: i64,
    /// KIP-1152.
    #[field(versions = 2.., default = None)]
    pub transactional_id_pattern: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 66, versions = 0..=2, flexible = 0..)]
pub struct ListTransactionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_state_filters: Vec<Str<'a>>,
    pub transaction_states: Vec<TransactionState<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TransactionState<'a> {
    pub transactional_id: Str<'a>,
    pub producer_id: ProducerId,
    pub transaction_state: Str<'a>,
}
