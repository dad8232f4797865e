//! `Heartbeat` (12): keeps a member of a classic group alive.

use ottla_model::ErrorCode;

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 12, versions = 0..=4, flexible = 4..)]
pub struct HeartbeatRequest<'a> {
    pub group_id: Str<'a>,
    pub generation_id: i32,
    pub member_id: Str<'a>,
    #[field(versions = 3.., default = None)]
    pub group_instance_id: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 12, versions = 0..=4, flexible = 4..)]
pub struct HeartbeatResponse {
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}
