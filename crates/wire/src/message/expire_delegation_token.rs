//! `ExpireDelegationToken` (40): shortens the life of a delegation token.

use ottla_model::{ErrorCode, Timestamp};

use crate::{Message, Octets};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 40, versions = 1..=2, flexible = 2..)]
pub struct ExpireDelegationTokenRequest<'a> {
    pub hmac: Octets<'a>,
    pub expiry_time_period_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 40, versions = 1..=2, flexible = 2..)]
pub struct ExpireDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: Timestamp,
    pub throttle_time_ms: i32,
}
