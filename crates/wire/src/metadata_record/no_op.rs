use crate::{IntoOwned, Message};

/// Nothing; it lets the high watermark advance.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 20, versions = 0, flexible = 0..)]
pub struct NoOpRecord {}
