use crate::{IntoOwned, Message, Octets, Str};

/// A user has a SCRAM credential.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 11, versions = 0, flexible = 0..)]
pub struct UserScramCredentialRecord<'a> {
    pub name: Str<'a>,
    pub mechanism: i8,
    pub salt: Octets<'a>,
    pub stored_key: Octets<'a>,
    pub server_key: Octets<'a>,
    pub iterations: i32,
}
