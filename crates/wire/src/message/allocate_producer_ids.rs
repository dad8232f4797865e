//! `AllocateProducerIds` (67): gives a broker a block of producer ids.

use ottla_model::{BrokerEpoch, ErrorCode, NodeId, ProducerId};

use crate::Message;

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 67, versions = 0, flexible = 0..)]
pub struct AllocateProducerIdsRequest {
    pub broker_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 67, versions = 0, flexible = 0..)]
pub struct AllocateProducerIdsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id_start: ProducerId,
    pub producer_id_len: i32,
}
