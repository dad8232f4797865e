//! `InitProducerId` (22): hands out a producer id and epoch.

use ottla_model::{ErrorCode, ProducerEpoch, ProducerId};

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 22, versions = 0..=6, flexible = 2.., latest_unstable)]
pub struct InitProducerIdRequest<'a> {
    pub transactional_id: Option<Str<'a>>,
    pub transaction_timeout_ms: i32,
    #[field(versions = 3.., default = ProducerId::NONE)]
    pub producer_id: ProducerId,
    #[field(versions = 3.., default = ProducerEpoch::NONE)]
    pub producer_epoch: ProducerEpoch,
    /// KIP-939.
    #[field(versions = 6..)]
    pub enable2_pc: bool,
    /// KIP-939.
    #[field(versions = 6..)]
    pub keep_prepared_txn: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 22, versions = 0..=6, flexible = 2.., latest_unstable)]
pub struct InitProducerIdResponse {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = ProducerId::NONE)]
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// KIP-939.
    #[field(versions = 6.., default = ProducerId::NONE)]
    pub ongoing_txn_producer_id: ProducerId,
    /// KIP-939.
    #[field(versions = 6.., default = ProducerEpoch::NONE)]
    pub ongoing_txn_producer_epoch: ProducerEpoch,
}
