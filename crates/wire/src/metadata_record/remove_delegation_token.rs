use crate::{IntoOwned, Message, Str};

/// A delegation token is gone.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 26, versions = 0, flexible = 0..)]
pub struct RemoveDelegationTokenRecord<'a> {
    pub token_id: Str<'a>,
}
