//! The `.snapshot` files: the producers as of an offset, so that a start need not read the whole log. Only the last batch of each
//! producer is kept.

use crc_fast::crc32_iscsi;
use ottla_model::{Offset, Sequence};
use ottla_wire::producer_snapshot::{ProducerEntry, ProducerSnapshot};
use ottla_wire::{DecodeError, Message, Reader, version_prefix};
use thiserror::Error;

use crate::producer_state::{BatchTrace, Producer, ProducerState};

const VERSION: i16 = 1;
/// Where the checksum stands: behind the version. It covers all that follows.
const CRC_AT: std::ops::Range<usize> = 2..6;

/// The bytes are no producer snapshot, or a damaged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a producer snapshot of version 1 with a right checksum")]
pub(crate) struct DamagedSnapshot;

impl From<DecodeError> for DamagedSnapshot {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

pub(crate) fn to_bytes(state: &ProducerState) -> Vec<u8> {
    let producers = state.producers.iter();
    let entries = producers.map(|(id, producer)| {
        let last = producer.batches.back();
        ProducerEntry {
            producer_id: *id,
            epoch: producer.epoch,
            last_sequence: last.map_or(Sequence::NONE, |batch| batch.last_sequence),
            last_offset: last.map_or(Offset::UNKNOWN, |batch| batch.last_offset),
            offset_delta: last.map_or(0, |batch| batch.offset_delta),
            timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_first_offset: producer.transaction_start.unwrap_or(Offset::UNKNOWN),
        }
    });
    let snapshot = ProducerSnapshot {
        crc: 0,
        producer_entries: entries.collect(),
    };
    let mut bytes = version_prefix::encode(&snapshot, VERSION).to_vec();
    let crc = crc32_iscsi(&bytes[CRC_AT.end..]);
    bytes[CRC_AT].copy_from_slice(&crc.to_be_bytes());
    bytes
}

pub(crate) fn parse(bytes: &[u8]) -> Result<ProducerState, DamagedSnapshot> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?;
    let snapshot = ProducerSnapshot::decode(&mut reader, version)?;
    reader.finish()?;
    if crc32_iscsi(&bytes[CRC_AT.end..]) != snapshot.crc {
        return Err(DamagedSnapshot);
    }
    // No node writes others, whatever the checksum says.
    if !snapshot.producer_entries.iter().all(is_possible) {
        return Err(DamagedSnapshot);
    }
    let producers = snapshot.producer_entries.into_iter().map(|entry| {
        let last = BatchTrace {
            last_sequence: entry.last_sequence,
            last_offset: entry.last_offset,
            offset_delta: entry.offset_delta,
            timestamp: entry.timestamp,
        };
        let is_known = last.last_offset.is_known();
        let producer = Producer {
            epoch: entry.epoch,
            batches: is_known.then_some(last).into_iter().collect(),
            last_timestamp: entry.timestamp,
            coordinator_epoch: entry.coordinator_epoch,
            transaction_start: Some(entry.current_txn_first_offset)
                .filter(|offset| offset.is_known()),
        };
        (entry.producer_id, producer)
    });
    let mut state = ProducerState::default();
    state.producers.extend(producers);
    Ok(state)
}

/// Of a producer with an id, whose last batch, if it is known, has numbers.
fn is_possible(entry: &ProducerEntry) -> bool {
    let is_numbered = entry.last_sequence.0 >= 0 && entry.offset_delta >= 0;
    entry.producer_id.0 >= 0 && (is_numbered || !entry.last_offset.is_known())
}

#[cfg(test)]
mod tests {
    use ottla_model::{ProducerEpoch, ProducerId, Timestamp};

    use super::*;

    fn state(id: i64, last_sequence: i32, offset_delta: i32) -> ProducerState {
        let trace = BatchTrace {
            last_sequence: Sequence(last_sequence),
            last_offset: Offset(99),
            offset_delta,
            timestamp: Timestamp(1),
        };
        let producer = Producer {
            epoch: ProducerEpoch(2),
            batches: [trace].into(),
            last_timestamp: Timestamp(1),
            coordinator_epoch: -1,
            transaction_start: None,
        };
        let mut state = ProducerState::default();
        state.producers.insert(ProducerId(id), producer);
        state
    }

    #[test]
    fn what_no_node_writes_is_damage_under_a_right_checksum() {
        for (id, last_sequence, offset_delta) in [(-1, 4, 4), (7, -1, 4), (7, 4, -1)] {
            let bytes = to_bytes(&state(id, last_sequence, offset_delta));
            assert_eq!(parse(&bytes), Err(DamagedSnapshot));
        }
    }

    #[test]
    fn a_snapshot_reads_back_and_damage_is_noticed() {
        let state = state(7, 4, 4);
        let bytes = to_bytes(&state);
        assert_eq!(bytes.len(), 10 + 46);
        assert_eq!(parse(&bytes), Ok(state));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(parse(&damaged), Err(DamagedSnapshot));
            assert_eq!(parse(&bytes[..at]), Err(DamagedSnapshot));
        }
    }
}
