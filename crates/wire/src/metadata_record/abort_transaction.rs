use crate::{IntoOwned, Message, Str};

/// The records since the beginning do not count.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 25, versions = 0, flexible = 0..)]
pub struct AbortTransactionRecord<'a> {
    #[field(tag = 0, default = None)]
    pub reason: Option<Str<'a>>,
}
