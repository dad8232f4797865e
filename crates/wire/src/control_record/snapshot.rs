use ottla_model::Timestamp;

use crate::{IntoOwned, Message};

/// The first record of a snapshot.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0, flexible = 0..)]
pub struct SnapshotHeaderRecord {
    pub version: i16,
    pub last_contained_log_timestamp: Timestamp,
}

/// The last record of a snapshot.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0, flexible = 0..)]
pub struct SnapshotFooterRecord {
    pub version: i16,
}
