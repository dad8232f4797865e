//! Checksums made right: what lies behind them must hold without them, for whoever writes damage can write those, too.

use crc_fast::crc32_iscsi;

/// Of a batch: where its length stands, where its checksum, and from where on that covers it.
const LENGTH_AT: usize = 8;
const BATCH_CRC_AT: usize = 17;
const BATCH_COVERED_FROM: usize = 21;
/// The smallest length of a batch.
const LEAST_LENGTH: usize = 49;
/// Of a producer snapshot.
const SNAPSHOT_CRC_AT: usize = 2;
const SNAPSHOT_COVERED_FROM: usize = 6;

/// Of a row of batches, up to the first that is not whole.
pub fn of_batches(bytes: &mut [u8]) {
    let mut rest = bytes;
    while let Some(length) = rest.get(LENGTH_AT..LENGTH_AT + 4) {
        let length = i32::from_be_bytes(length.try_into().expect("four bytes"));
        let Ok(length) = usize::try_from(length) else {
            return;
        };
        let size = LENGTH_AT + 4 + length;
        if length < LEAST_LENGTH || size > rest.len() {
            return;
        }
        let (batch, behind) = rest.split_at_mut(size);
        set(batch, BATCH_CRC_AT, BATCH_COVERED_FROM);
        rest = behind;
    }
}

pub fn of_producer_snapshot(bytes: &mut [u8]) {
    if bytes.len() >= SNAPSHOT_COVERED_FROM {
        set(bytes, SNAPSHOT_CRC_AT, SNAPSHOT_COVERED_FROM);
    }
}

fn set(bytes: &mut [u8], at: usize, covered_from: usize) {
    let crc = crc32_iscsi(&bytes[covered_from..]);
    bytes[at..at + 4].copy_from_slice(&crc.to_be_bytes());
}
