//! `UnregisterBroker` (64): removes the registration of a broker.

use ottla_model::{ErrorCode, NodeId};

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 64, versions = 0, flexible = 0..)]
pub struct UnregisterBrokerRequest {
    pub broker_id: NodeId,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 64, versions = 0, flexible = 0..)]
pub struct UnregisterBrokerResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
