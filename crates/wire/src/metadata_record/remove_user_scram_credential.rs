use crate::{IntoOwned, Message, Str};

/// A SCRAM credential is gone.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 22, versions = 0, flexible = 0..)]
pub struct RemoveUserScramCredentialRecord<'a> {
    pub name: Str<'a>,
    pub mechanism: i8,
}
