use crate::{IntoOwned, Message, Str};

/// A config has a value, or with a null no longer.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 4, versions = 0, flexible = 0..)]
pub struct ConfigRecord<'a> {
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    pub name: Str<'a>,
    pub value: Option<Str<'a>>,
}
