//! `AddOffsetsToTxn` (25): adds the positions of a group to a transaction.

use ottla_model::{ErrorCode, ProducerEpoch, ProducerId};

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 25, versions = 0..=4, flexible = 3..)]
pub struct AddOffsetsToTxnRequest<'a> {
    pub transactional_id: Str<'a>,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 25, versions = 0..=4, flexible = 3..)]
pub struct AddOffsetsToTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}
