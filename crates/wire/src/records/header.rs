use crc_fast::{CrcAlgorithm, crc32_iscsi};
use ottla_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

use super::{Attributes, BatchError};

/// Bytes of a batch in front of its records.
pub const BATCH_OVERHEAD: usize = 61;
/// Bytes in front of what a batch's length counts: base offset and the length itself.
pub const LOG_OVERHEAD: usize = 12;
/// The only format that is written (KIP-98).
pub const MAGIC: i8 = 2;

const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
/// What the checksum covers begins here: base offset and leader epoch stay outside, so that a leader can set them.
pub(super) const CHECKED_FROM: usize = 21;

/// The fixed part of a record batch.
///
/// ```text
///  0 base offset i64       27 base timestamp i64
///  8 length i32            35 max timestamp i64
/// 12 leader epoch i32      43 producer id i64
/// 16 magic i8              51 producer epoch i16
/// 17 crc u32               53 base sequence i32
/// 21 attributes i16        57 record count i32
/// 23 last offset delta i32 61 records
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: Offset,
    /// Bytes of the whole batch, header included.
    pub size: usize,
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C of all behind it.
    pub crc: u32,
    pub attributes: Attributes,
    pub last_offset_delta: i32,
    /// Of the first record; or the delete horizon (KIP-534) where the attributes say so.
    pub base_timestamp: Timestamp,
    pub max_timestamp: Timestamp,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub base_sequence: Sequence,
    /// May be fewer than offsets, or 0, after compaction.
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header at the beginning of `bytes`, which may hold more or only part of the batch.
    ///
    /// # Errors
    /// When `bytes` is shorter than a header, the length is below one, the format is not 2, or the offsets are none that there can be.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let header: &[u8; BATCH_OVERHEAD] = bytes.first_chunk().ok_or(BatchError::Truncated {
            expected: BATCH_OVERHEAD,
            found: bytes.len(),
        })?;
        let magic = header[MAGIC_AT] as i8;
        if magic != MAGIC {
            return Err(BatchError::Magic(magic));
        }
        let length = i32_at(header, LENGTH_AT);
        let size = usize::try_from(length)
            .ok()
            .map(|length| length + LOG_OVERHEAD);
        let size = size
            .filter(|size| *size >= BATCH_OVERHEAD)
            .ok_or(BatchError::Length(length))?;
        // The checksum does not cover the base offset: whatever is read here may be said of the next offset without another look.
        let (base, delta) = (i64_at(header, 0), i32_at(header, 23));
        if base
            .checked_add(i64::from(delta))
            .is_none_or(|last| last == i64::MAX)
        {
            return Err(BatchError::Offsets { base, delta });
        }
        Ok(Self {
            base_offset: Offset(base),
            size,
            leader_epoch: LeaderEpoch(i32_at(header, LEADER_EPOCH_AT)),
            crc: i32_at(header, CRC_AT) as u32,
            attributes: Attributes(i16_at(header, ATTRIBUTES_AT)),
            last_offset_delta: delta,
            base_timestamp: Timestamp(i64_at(header, 27)),
            max_timestamp: Timestamp(i64_at(header, 35)),
            producer_id: ProducerId(i64_at(header, 43)),
            producer_epoch: ProducerEpoch(i16_at(header, 51)),
            base_sequence: Sequence(i32_at(header, 53)),
            record_count: i32_at(header, 57),
        })
    }

    /// What a header at the beginning of `bytes` has for attributes, if it is one, which is not looked at; `None` where they are cut off.
    #[must_use]
    pub fn peek_attributes(bytes: &[u8]) -> Option<Attributes> {
        let attributes = bytes.get(ATTRIBUTES_AT..)?.first_chunk()?;
        Some(Attributes(i16::from_be_bytes(*attributes)))
    }

    #[must_use]
    pub fn to_bytes(&self) -> [u8; BATCH_OVERHEAD] {
        let length =
            i32::try_from(self.size - LOG_OVERHEAD).expect("a batch is smaller than 2 GiB");
        let mut bytes = [0; BATCH_OVERHEAD];
        bytes[0..8].copy_from_slice(&self.base_offset.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.leader_epoch.0.to_be_bytes());
        bytes[MAGIC_AT] = MAGIC as u8;
        bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&self.crc.to_be_bytes());
        bytes[ATTRIBUTES_AT..23].copy_from_slice(&self.attributes.0.to_be_bytes());
        bytes[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        bytes[27..35].copy_from_slice(&self.base_timestamp.0.to_be_bytes());
        bytes[35..43].copy_from_slice(&self.max_timestamp.0.to_be_bytes());
        bytes[43..51].copy_from_slice(&self.producer_id.0.to_be_bytes());
        bytes[51..53].copy_from_slice(&self.producer_epoch.0.to_be_bytes());
        bytes[53..57].copy_from_slice(&self.base_sequence.0.to_be_bytes());
        bytes[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        bytes
    }

    /// Whether a producer numbers its batches, so that each counts once.
    #[must_use]
    pub fn has_producer(&self) -> bool {
        self.producer_id > ProducerId::NONE
    }

    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// The offset behind the batch.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// That of the last record; meaningful with a producer id.
    #[must_use]
    pub fn last_sequence(&self) -> Sequence {
        if self.base_sequence == Sequence::NONE {
            Sequence::NONE
        } else {
            self.base_sequence.plus(self.last_offset_delta)
        }
    }

    /// The checksum this header would have with `records` behind it.
    #[must_use]
    pub fn checksum(&self, records: &[u8]) -> u32 {
        let header = self.to_bytes();
        let mut checksum = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
        checksum.update(&header[CHECKED_FROM..]);
        checksum.update(records);
        u32::try_from(checksum.finalize()).expect("it has 32 bits")
    }

    /// Whether the batch is as its sender made it. `batch` is the whole batch.
    #[must_use]
    pub fn crc_matches(&self, batch: &[u8]) -> bool {
        batch.len() == self.size && crc32_iscsi(&batch[CHECKED_FROM..]) == self.crc
    }
}

fn i64_at(header: &[u8; BATCH_OVERHEAD], at: usize) -> i64 {
    i64::from_be_bytes(
        *header[at..]
            .first_chunk()
            .expect("the field lies within the header"),
    )
}

fn i32_at(header: &[u8; BATCH_OVERHEAD], at: usize) -> i32 {
    i32::from_be_bytes(
        *header[at..]
            .first_chunk()
            .expect("the field lies within the header"),
    )
}

fn i16_at(header: &[u8; BATCH_OVERHEAD], at: usize) -> i16 {
    i16::from_be_bytes(
        *header[at..]
            .first_chunk()
            .expect("the field lies within the header"),
    )
}
