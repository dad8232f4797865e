//! What a leader checks of a produced batch before it goes into the log: everything a reader will rely on.
//!
//! Pure, and so done where the request is, not where the log is. A batch that needs no change is not copied.

mod request;
mod walk;

use bytes::Bytes;
use ottla_model::{ErrorCode, Offset, Timestamp};
use ottla_wire::records::{
    BATCH_OVERHEAD, Batch, BatchBuilder, BatchError, BatchFields, BatchHeader, Compression, Level,
    TimestampType, Unpacked,
};
use thiserror::Error;

use request::only_batch;
use walk::walk;

/// What the topic asks of its batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendRules {
    pub produce_version: i16,
    /// `max.message.bytes`.
    pub max_batch_bytes: usize,
    /// What the records of a batch may come to, decompressed. Bytes.
    pub max_uncompressed_bytes: usize,
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`
    pub after_max_ms: i64,
    /// `cleanup.policy` names `compact`: every record needs a key.
    pub needs_keys: bool,
    /// `compression.type`; `None` is `producer`.
    pub compression: Option<(Compression, Level)>,
}

/// A batch that may be appended once its offsets are set. The header counts, not its image in `bytes`.
#[derive(Clone, Debug)]
pub struct ValidBatch {
    pub(crate) header: BatchHeader,
    pub(crate) bytes: Bytes,
}

impl ValidBatch {
    /// A batch of the node's own.
    pub(crate) fn trusted(header: BatchHeader, bytes: Bytes) -> Self {
        Self { header, bytes }
    }

    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// What follows the header.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[BATCH_OVERHEAD..]
    }
}

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidBatch {
    #[error("{0}")]
    Corrupt(BatchError),
    /// Not one batch of the one format: what a request may not hold, whatever the log would say of it.
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    Invalid(String),
    #[error("a batch of {size} bytes exceeds max.message.bytes, {bound}")]
    TooLarge { size: usize, bound: usize },
    #[error("no transaction is open: this broker coordinates none")]
    Transactional,
    #[error("zstd needs Produce version 7 or later")]
    UnsupportedCompression,
    #[error("{message}")]
    Timestamp {
        message: String,
        records: Vec<(i32, String)>,
    },
    #[error("{message}")]
    Records {
        message: String,
        records: Vec<(i32, String)>,
    },
}

impl InvalidBatch {
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Corrupt(_) => ErrorCode::CorruptMessage,
            Self::Malformed(_) | Self::Invalid(_) | Self::Records { .. } => {
                ErrorCode::InvalidRecord
            }
            Self::TooLarge { .. } => ErrorCode::MessageTooLarge,
            Self::Transactional => ErrorCode::InvalidTxnState,
            Self::UnsupportedCompression => ErrorCode::UnsupportedCompressionType,
            Self::Timestamp { .. } => ErrorCode::InvalidTimestamp,
        }
    }

    /// Whether the producer is told where the log begins: of what it refuses by what the log is to hold.
    #[must_use]
    pub fn tells_log_start(&self) -> bool {
        match self {
            Self::Invalid(_)
            | Self::Transactional
            | Self::Timestamp { .. }
            | Self::Records { .. } => true,
            Self::Malformed(_)
            | Self::Corrupt(_)
            | Self::TooLarge { .. }
            | Self::UnsupportedCompression => false,
        }
    }

    /// The records at fault, by their index in the batch; of very many the first.
    #[must_use]
    pub fn into_record_errors(self) -> Vec<(i32, String)> {
        match self {
            Self::Timestamp { records, .. } | Self::Records { records, .. } => records,
            _ => Vec::new(),
        }
    }
}

/// Checks the one batch in `bytes`.
///
/// # Errors
/// See [`InvalidBatch`]; each has the error code Kafka gives.
pub fn validate(
    bytes: Bytes,
    rules: &AppendRules,
    now: Timestamp,
) -> Result<ValidBatch, InvalidBatch> {
    let (batch, has_part_behind) = only_batch(&bytes, rules.produce_version)?;
    let mut header = batch.header;
    check_frame(&header, rules)?;
    batch.check().map_err(InvalidBatch::Corrupt)?;
    if has_part_behind {
        let message = "expected exactly one record batch, found a part of another";
        return Err(InvalidBatch::Invalid(message.to_owned()));
    }
    check_header(&header)?;
    let source = header.attributes.compression();
    let source = source.map_err(|error| InvalidBatch::Invalid(error.to_string()))?;
    let target = rules.compression.unwrap_or((source, Level::Default));
    let uncompressed = || {
        let records = batch.uncompressed(rules.max_uncompressed_bytes);
        records.map_err(|error| unreadable(&error))
    };
    // What is packed anew is unpacked as a whole; everything else piece by piece.
    let mut records = None;
    let walked = if target.0 == source {
        let records = batch.unpack(rules.max_uncompressed_bytes);
        records.map_err(|error| unreadable(&error))?
    } else {
        Unpacked::whole(records.insert(uncompressed()?))
    };
    let walk = walk(&batch, walked, rules, now)?;
    if records.is_none() && !walk.is_dense {
        records = Some(uncompressed()?);
    }
    let valid = if let Some(records) = records {
        rebuild(&batch, &records, target, rules, now)?
    } else {
        let max_timestamp = match rules.timestamp_type {
            TimestampType::CreateTime => walk.max_timestamp,
            TimestampType::LogAppendTime => now,
        };
        let attributes = header.attributes.with_timestamp_type(rules.timestamp_type);
        if (max_timestamp, attributes) != (header.max_timestamp, header.attributes) {
            header.max_timestamp = max_timestamp;
            header.attributes = attributes;
            header.crc = header.checksum(&bytes[BATCH_OVERHEAD..]);
        }
        ValidBatch { header, bytes }
    };
    if valid.header.size > rules.max_batch_bytes {
        return Err(InvalidBatch::TooLarge {
            size: valid.header.size,
            bound: rules.max_batch_bytes,
        });
    }
    Ok(valid)
}

/// What is looked at before the checksum.
fn check_frame(header: &BatchHeader, rules: &AppendRules) -> Result<(), InvalidBatch> {
    if header.base_offset != Offset::ZERO {
        return Err(InvalidBatch::Invalid(format!(
            "expected base offset 0 from a producer, found {}",
            header.base_offset
        )));
    }
    if header.size > rules.max_batch_bytes {
        return Err(InvalidBatch::TooLarge {
            size: header.size,
            bound: rules.max_batch_bytes,
        });
    }
    Ok(())
}

fn check_header(header: &BatchHeader) -> Result<(), InvalidBatch> {
    let invalid = |message: String| Err(InvalidBatch::Invalid(message));
    if header.record_count <= 0 {
        return invalid(format!(
            "expected at least one record, found {}",
            header.record_count
        ));
    }
    if i64::from(header.last_offset_delta) + 1 != i64::from(header.record_count) {
        return invalid(format!(
            "the batch counts {} records and {} offsets",
            header.record_count,
            i64::from(header.last_offset_delta) + 1
        ));
    }
    if header.attributes.is_control() {
        return invalid("clients may not write control batches".to_owned());
    }
    if header.attributes.is_transactional() {
        return Err(InvalidBatch::Transactional);
    }
    if header.has_producer() && header.base_sequence.0 < 0 {
        return invalid(format!(
            "producer {} sent sequence {}",
            header.producer_id, header.base_sequence
        ));
    }
    Ok(())
}

fn unreadable(error: &BatchError) -> InvalidBatch {
    match error {
        BatchError::TooLarge(bound) => InvalidBatch::TooLarge {
            size: bound + 1,
            bound: *bound,
        },
        other => InvalidBatch::Invalid(other.to_string()),
    }
}

/// A new batch of the same records, in the codec the topic asks for.
fn rebuild(
    batch: &Batch<'_>,
    records: &[u8],
    (compression, level): (Compression, Level),
    rules: &AppendRules,
    now: Timestamp,
) -> Result<ValidBatch, InvalidBatch> {
    let old = batch.header;
    let fields = BatchFields {
        base_offset: old.base_offset,
        leader_epoch: old.leader_epoch,
        attributes: old.attributes.with_timestamp_type(rules.timestamp_type),
        producer_id: old.producer_id,
        producer_epoch: old.producer_epoch,
        base_sequence: old.base_sequence,
    };
    let mut builder = BatchBuilder::new(fields, compression).with_level(level);
    for record in batch.records(records) {
        let record = record.map_err(|error| InvalidBatch::Invalid(error.to_string()))?;
        let timestamp = match rules.timestamp_type {
            TimestampType::CreateTime => record.timestamp,
            TimestampType::LogAppendTime => now,
        };
        builder.push(timestamp, record.key, record.value, record.headers());
    }
    let bytes = builder.build();
    let header = BatchHeader::parse(&bytes).map_err(InvalidBatch::Corrupt)?;
    Ok(ValidBatch { header, bytes })
}
