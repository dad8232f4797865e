//! `CreateDelegationToken` (38): issues a delegation token.

use ottla_model::{ErrorCode, Timestamp};

use crate::{Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 38, versions = 1..=3, flexible = 2..)]
pub struct CreateDelegationTokenRequest<'a> {
    #[field(versions = 3..)]
    pub owner_principal_type: Option<Str<'a>>,
    #[field(versions = 3..)]
    pub owner_principal_name: Option<Str<'a>>,
    pub renewers: Vec<CreatableRenewers<'a>>,
    pub max_lifetime_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatableRenewers<'a> {
    pub principal_type: Str<'a>,
    pub principal_name: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 38, versions = 1..=3, flexible = 2..)]
pub struct CreateDelegationTokenResponse<'a> {
    pub error_code: ErrorCode,
    pub principal_type: Str<'a>,
    pub principal_name: Str<'a>,
    #[field(versions = 3..)]
    pub token_requester_principal_type: Str<'a>,
    #[field(versions = 3..)]
    pub token_requester_principal_name: Str<'a>,
    pub issue_timestamp_ms: Timestamp,
    pub expiry_timestamp_ms: Timestamp,
    pub max_timestamp_ms: Timestamp,
    pub token_id: Str<'a>,
    pub hmac: Octets<'a>,
    pub throttle_time_ms: i32,
}
