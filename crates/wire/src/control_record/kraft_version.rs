use crate::{IntoOwned, Message};

/// The version of the quorum protocol.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0, flexible = 0..)]
pub struct KRaftVersionRecord {
    pub version: i16,
    pub kraft_version: i16,
}
