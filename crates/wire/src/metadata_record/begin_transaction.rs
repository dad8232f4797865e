use crate::{IntoOwned, Message, Str};

/// The records up to the end, or the abort, are one change.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 23, versions = 0, flexible = 0..)]
pub struct BeginTransactionRecord<'a> {
    #[field(tag = 0, default = None)]
    pub name: Option<Str<'a>>,
}
