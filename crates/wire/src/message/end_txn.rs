//! `EndTxn` (26): commits or aborts a transaction.

use ottla_model::{ErrorCode, ProducerEpoch, ProducerId};

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 26, versions = 0..=5, flexible = 3..)]
pub struct EndTxnRequest<'a> {
    pub transactional_id: Str<'a>,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub committed: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 26, versions = 0..=5, flexible = 3..)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// KIP-890.
    #[field(versions = 5.., default = ProducerId::NONE, ignorable)]
    pub producer_id: ProducerId,
    /// KIP-890.
    #[field(versions = 5.., default = ProducerEpoch::NONE, ignorable)]
    pub producer_epoch: ProducerEpoch,
}
