//! `PushTelemetry` (72): takes metrics of a client.

use ottla_model::{ErrorCode, Uuid};

use crate::{Message, Octets};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 72, versions = 0, flexible = 0..)]
pub struct PushTelemetryRequest<'a> {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Octets<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 72, versions = 0, flexible = 0..)]
pub struct PushTelemetryResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}
