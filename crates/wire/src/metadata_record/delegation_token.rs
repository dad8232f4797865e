use ottla_model::Timestamp;

use crate::{IntoOwned, Message, Str};

/// A delegation token was issued or renewed.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 10, versions = 0, flexible = 0..)]
pub struct DelegationTokenRecord<'a> {
    pub owner: Str<'a>,
    pub requester: Str<'a>,
    pub renewers: Vec<Str<'a>>,
    pub issue_timestamp: Timestamp,
    pub max_timestamp: Timestamp,
    pub expiration_timestamp: Timestamp,
    pub token_id: Str<'a>,
}
