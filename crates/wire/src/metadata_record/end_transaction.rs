use crate::{IntoOwned, Message};

/// The change is complete.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 24, versions = 0, flexible = 0..)]
pub struct EndTransactionRecord {}
