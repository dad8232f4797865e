//! `SaslAuthenticate` (36): carries the tokens of a SASL exchange.

use ottla_model::ErrorCode;

use crate::{Message, Octets, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 36, versions = 0..=2, flexible = 2..)]
pub struct SaslAuthenticateRequest<'a> {
    pub auth_bytes: Octets<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 36, versions = 0..=2, flexible = 2..)]
pub struct SaslAuthenticateResponse<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub auth_bytes: Octets<'a>,
    #[field(versions = 1.., ignorable)]
    pub session_lifetime_ms: i64,
}
