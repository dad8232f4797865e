//! `BrokerHeartbeat` (63): keeps a broker unfenced, and asks to be fenced or shut down.

use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Offset, Uuid};

use crate::Message;

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 63, versions = 0..=2, flexible = 0..)]
pub struct BrokerHeartbeatRequest {
    pub broker_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
    pub current_metadata_offset: Offset,
    pub want_fence: bool,
    pub want_shut_down: bool,
    #[field(versions = 1.., tag = 0)]
    pub offline_log_dirs: Vec<Uuid>,
    #[field(versions = 2.., tag = 1, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 63, versions = 0..=2, flexible = 0..)]
pub struct BrokerHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub is_caught_up: bool,
    #[field(default = true)]
    pub is_fenced: bool,
    pub should_shut_down: bool,
}
