use thiserror::Error;

/// Why bytes are not the message they claim to be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("expected {expected} more bytes, found {found}")]
    UnexpectedEnd { expected: usize, found: usize },
    #[error("length {length} is negative or exceeds the {remaining} bytes left")]
    InvalidLength { length: i64, remaining: usize },
    #[error("{0} array elements would take far more memory than the frame")]
    TooManyElements(usize),
    #[error("a text of {0} bytes is longer than any may be")]
    TextTooLong(usize),
    #[error("null where the version has no null")]
    UnexpectedNull,
    #[error("variable-length integer is too long")]
    InvalidVarint,
    #[error("{message} has no version {version}")]
    UnsupportedVersion { message: &'static str, version: i16 },
    #[error("no record type {0} is known here")]
    UnknownType(u32),
    #[error("no API has key {0}")]
    UnknownApi(i16),
    #[error("{0} bytes are left behind the end")]
    TrailingBytes(usize),
    #[error("frame version is {0}, expected 1")]
    FrameVersion(u32),
}
