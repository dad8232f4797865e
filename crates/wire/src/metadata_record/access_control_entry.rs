use ottla_model::Uuid;

use crate::{IntoOwned, Message, Str};

/// An access control entry exists.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 18, versions = 0, flexible = 0..)]
pub struct AccessControlEntryRecord<'a> {
    pub id: Uuid,
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    pub pattern_type: i8,
    pub principal: Str<'a>,
    pub host: Str<'a>,
    pub operation: i8,
    pub permission_type: i8,
}
