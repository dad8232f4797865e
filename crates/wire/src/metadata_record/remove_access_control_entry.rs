use ottla_model::Uuid;

use crate::{IntoOwned, Message};

/// An access control entry is gone.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 19, versions = 0, flexible = 0..)]
pub struct RemoveAccessControlEntryRecord {
    pub id: Uuid,
}
