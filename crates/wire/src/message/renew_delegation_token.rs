//! `RenewDelegationToken` (39): prolongs a delegation token.

use ottla_model::{ErrorCode, Timestamp};

use crate::{Message, Octets};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 39, versions = 1..=2, flexible = 2..)]
pub struct RenewDelegationTokenRequest<'a> {
    pub hmac: Octets<'a>,
    pub renew_period_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 39, versions = 1..=2, flexible = 2..)]
pub struct RenewDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: Timestamp,
    pub throttle_time_ms: i32,
}
