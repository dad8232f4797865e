//! The `.snapshot` files: the producers as of an offset, so that a start need not read the whole log.
//!
//! ```text
//! version i16 = 1, crc u32 (CRC-32C of all behind it), count i32, then per producer:
//! id i64, epoch i16, last sequence i32, last offset i64, offset delta i32, timestamp i64, coordinator epoch i32,
//! first offset of its open transaction i64 (-1: none)
//! ```
//! Only the last batch of each producer is kept.

use ottla_model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use thiserror::Error;

use crate::producer_state::{BatchTrace, Producer, ProducerState};

const VERSION: i16 = 1;
const CHECKED_FROM: usize = 6;
const ENTRY_BYTES: usize = 46;

/// The bytes are no producer snapshot, or a damaged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a producer snapshot of version 1 with a right checksum")]
pub(crate) struct DamagedSnapshot;

pub(crate) fn to_bytes(state: &ProducerState) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHECKED_FROM + 4 + state.producers.len() * ENTRY_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let count = i32::try_from(state.producers.len()).expect("fewer producers than 2^31");
    bytes.extend_from_slice(&count.to_be_bytes());
    for (id, producer) in &state.producers {
        let last = producer.batches.back();
        bytes.extend_from_slice(&id.0.to_be_bytes());
        bytes.extend_from_slice(&producer.epoch.0.to_be_bytes());
        bytes.extend_from_slice(&last.map_or(-1, |batch| batch.last_sequence.0).to_be_bytes());
        bytes.extend_from_slice(&last.map_or(-1, |batch| batch.last_offset.0).to_be_bytes());
        bytes.extend_from_slice(&last.map_or(0, |batch| batch.offset_delta).to_be_bytes());
        bytes.extend_from_slice(&producer.last_timestamp.0.to_be_bytes());
        bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
        bytes.extend_from_slice(
            &producer
                .transaction_start
                .map_or(-1, |offset| offset.0)
                .to_be_bytes(),
        );
    }
    let crc = crc32c::crc32c(&bytes[CHECKED_FROM..]);
    bytes[2..CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
    bytes
}

pub(crate) fn parse(bytes: &[u8]) -> Result<ProducerState, DamagedSnapshot> {
    let (head, checked) = bytes
        .split_first_chunk::<CHECKED_FROM>()
        .ok_or(DamagedSnapshot)?;
    let [v0, v1, c0, c1, c2, c3] = *head;
    let crc = u32::from_be_bytes([c0, c1, c2, c3]);
    if i16::from_be_bytes([v0, v1]) != VERSION || crc32c::crc32c(checked) != crc {
        return Err(DamagedSnapshot);
    }
    let mut rest = checked;
    let count = i32::from_be_bytes(take(&mut rest)?);
    if usize::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(ENTRY_BYTES))
        != Some(rest.len())
    {
        return Err(DamagedSnapshot);
    }
    let mut state = ProducerState::default();
    while !rest.is_empty() {
        let id = ProducerId(i64::from_be_bytes(take(&mut rest)?));
        let epoch = ProducerEpoch(i16::from_be_bytes(take(&mut rest)?));
        let last_sequence = Sequence(i32::from_be_bytes(take(&mut rest)?));
        let last_offset = Offset(i64::from_be_bytes(take(&mut rest)?));
        let offset_delta = i32::from_be_bytes(take(&mut rest)?);
        let timestamp = Timestamp(i64::from_be_bytes(take(&mut rest)?));
        let coordinator_epoch = i32::from_be_bytes(take(&mut rest)?);
        let transaction_start =
            Some(Offset(i64::from_be_bytes(take(&mut rest)?))).filter(|offset| offset.is_known());
        let trace = BatchTrace {
            last_sequence,
            last_offset,
            offset_delta,
            timestamp,
        };
        let batches = Some(trace)
            .filter(|trace| trace.last_offset.is_known())
            .into_iter()
            .collect();
        let producer = Producer {
            epoch,
            batches,
            last_timestamp: timestamp,
            coordinator_epoch,
            transaction_start,
        };
        state.producers.insert(id, producer);
    }
    Ok(state)
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], DamagedSnapshot> {
    let (taken, rest) = from.split_first_chunk().ok_or(DamagedSnapshot)?;
    *from = rest;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(bytes.len(), 10 + ENTRY_BYTES);
        assert_eq!(parse(&bytes), Ok(state));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(parse(&damaged), Err(DamagedSnapshot));
            assert_eq!(parse(&bytes[..at]), Err(DamagedSnapshot));
        }
    }
}
