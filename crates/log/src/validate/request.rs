//! What a request may hold of a partition: one batch of the one format, whatever the log says of it.

use ottla_wire::records::{Batch, BatchError, Compression, LOG_OVERHEAD};

use super::InvalidBatch;

/// From this Produce version on a client may send zstd.
const FIRST_VERSION_WITH_ZSTD: i16 = 7;
/// Where a batch of whatever format has its length, and where its format.
const LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;
/// That of a record of format 0 without key and value.
const SHORTEST_LENGTH: i32 = 14;

/// The batch that the request holds, and whether there is a part of another behind it.
pub(super) fn only_batch(
    bytes: &[u8],
    produce_version: i16,
) -> Result<(Batch<'_>, bool), InvalidBatch> {
    let malformed = |message: &str| Err(InvalidBatch::Malformed(message.to_owned()));
    if bytes.is_empty() {
        return malformed("expected exactly one record batch, found none");
    }
    let batch = Batch::parse(bytes).map_err(no_batch)?;
    let has_zstd = batch.header.attributes.compression() == Ok(Compression::Zstd);
    if has_zstd && produce_version < FIRST_VERSION_WITH_ZSTD {
        return Err(InvalidBatch::UnsupportedCompression);
    }
    let is_cut = match behind(&bytes[batch.header.size..])? {
        Behind::Nothing => false,
        Behind::Part => true,
        Behind::Whole => return malformed("expected exactly one record batch, found more"),
    };
    Ok((batch, is_cut))
}

/// What follows the batch of a request.
enum Behind {
    Nothing,
    /// Less than a batch.
    Part,
    Whole,
}

/// Of any format: what says that it is longer than what there is, is a part.
fn behind(rest: &[u8]) -> Result<Behind, InvalidBatch> {
    if rest.is_empty() {
        return Ok(Behind::Nothing);
    }
    let length = rest.get(LENGTH_AT..).and_then(<[u8]>::first_chunk);
    let Some(length) = length.copied().map(i32::from_be_bytes) else {
        return Ok(Behind::Part);
    };
    if length < SHORTEST_LENGTH {
        return Err(InvalidBatch::Corrupt(BatchError::Length(length)));
    }
    match rest.get(MAGIC_AT) {
        None => Ok(Behind::Part),
        Some(0..=2) if rest.len() - LOG_OVERHEAD >= length as usize => Ok(Behind::Whole),
        Some(0..=2) => Ok(Behind::Part),
        Some(magic) => Err(InvalidBatch::Corrupt(BatchError::Magic(*magic as i8))),
    }
}

/// What no client ever wrote is damage, and what is not all there is no batch: so Apache Kafka tells them apart.
fn no_batch(error: BatchError) -> InvalidBatch {
    match error {
        BatchError::Magic(magic @ (0 | 1)) => {
            InvalidBatch::Malformed(format!("expected record format 2, found {magic}"))
        }
        BatchError::Offsets { .. } => InvalidBatch::Invalid(error.to_string()),
        BatchError::Truncated { .. } => InvalidBatch::Malformed(error.to_string()),
        error => InvalidBatch::Corrupt(error),
    }
}
