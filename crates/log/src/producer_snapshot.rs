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

#[cfg(test)]
mod tests {
    use ottla_model::{ProducerEpoch, ProducerId, Timestamp};

    use super::*;

    #[test]
    fn a_snapshot_reads_back_and_damage_is_noticed() {
        let mut state = ProducerState::default();
        let trace = BatchTrace {
            last_sequence: Sequence(4),
            last_offset: Offset(99),
            offset_delta: 4,
            timestamp: Timestamp(1),
        };
        let producer = Producer {
            epoch: ProducerEpoch(2),
            batches: [trace].into(),
            last_timestamp: Timestamp(1),
            coordinator_epoch: -1,
            transaction_start: None,
        };
        state.producers.insert(ProducerId(7), producer);
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
