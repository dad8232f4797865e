use thiserror::Error;

use super::Compression;

/// Why bytes are no record batch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    #[error("expected {expected} bytes of a batch, found {found}")]
    Truncated { expected: usize, found: usize },
    #[error("batch format is {0}, expected 2")]
    Magic(i8),
    #[error("batch length {0} is below that of a batch's fixed part")]
    Length(i32),
    #[error("no log has the offsets from {base} on, {delta} further")]
    Offsets { base: i64, delta: i32 },
    #[error("checksum is {found:#010x}, expected {expected:#010x}")]
    Checksum { expected: u32, found: u32 },
    #[error("compression type {0} does not exist")]
    UnknownCompression(i16),
    #[error("cannot decompress {0:?}: {1}")]
    Decompression(Compression, String),
    #[error("decompressed records exceed {0} bytes")]
    TooLarge(usize),
    #[error("record {index}: {problem}")]
    Record { index: i32, problem: &'static str },
}
