//! `SaslHandshake` (17): chooses a SASL mechanism.

use ottla_model::ErrorCode;

use crate::{Message, Str};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 17, versions = 0..=1)]
pub struct SaslHandshakeRequest<'a> {
    pub mechanism: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 17, versions = 0..=1)]
pub struct SaslHandshakeResponse<'a> {
    pub error_code: ErrorCode,
    pub mechanisms: Vec<Str<'a>>,
}
