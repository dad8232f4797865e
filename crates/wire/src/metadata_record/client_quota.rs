use crate::{IntoOwned, Message, Str, Struct};

/// A quota of an entity is set or removed.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 14, versions = 0, flexible = 0..)]
pub struct ClientQuotaRecord<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub key: Str<'a>,
    pub value: f64,
    pub remove: bool,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct EntityData<'a> {
    pub entity_type: Str<'a>,
    pub entity_name: Option<Str<'a>>,
}
