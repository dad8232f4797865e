//! `GetTelemetrySubscriptions` (71): tells a client which metrics to push.

use ottla_model::{ErrorCode, Uuid};

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 71, versions = 0, flexible = 0..)]
pub struct GetTelemetrySubscriptionsRequest {
    pub client_instance_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 71, versions = 0, flexible = 0..)]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<Str<'a>>,
}
