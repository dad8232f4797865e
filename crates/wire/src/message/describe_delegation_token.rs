//! `DescribeDelegationToken` (41): lists delegation tokens.

use ottla_model::{ErrorCode, Timestamp};

use crate::{Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 41, versions = 1..=3, flexible = 2..)]
pub struct DescribeDelegationTokenRequest<'a> {
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeDelegationTokenOwner<'a> {
    pub principal_type: Str<'a>,
    pub principal_name: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 41, versions = 1..=3, flexible = 2..)]
pub struct DescribeDelegationTokenResponse<'a> {
    pub error_code: ErrorCode,
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    pub throttle_time_ms: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribedDelegationToken<'a> {
    pub principal_type: Str<'a>,
    pub principal_name: Str<'a>,
    #[field(versions = 3..)]
    pub token_requester_principal_type: Str<'a>,
    #[field(versions = 3..)]
    pub token_requester_principal_name: Str<'a>,
    pub issue_timestamp: Timestamp,
    pub expiry_timestamp: Timestamp,
    pub max_timestamp: Timestamp,
    pub token_id: Str<'a>,
    pub hmac: Octets<'a>,
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribedDelegationTokenRenewer<'a> {
    pub principal_type: Str<'a>,
    pub principal_name: Str<'a>,
}
