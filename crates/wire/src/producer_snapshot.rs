//! The producers of a partition as of an offset: a file beside its segments.

use ottla_model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

use crate::{IntoOwned, Message, Struct};

/// The file has the version in front.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 1)]
pub struct ProducerSnapshot {
    /// CRC-32C of all behind it.
    pub crc: u32,
    pub producer_entries: Vec<ProducerEntry>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct ProducerEntry {
    pub producer_id: ProducerId,
    pub epoch: ProducerEpoch,
    pub last_sequence: Sequence,
    pub last_offset: Offset,
    pub offset_delta: i32,
    pub timestamp: Timestamp,
    pub coordinator_epoch: i32,
    pub current_txn_first_offset: Offset,
}
