use super::{BatchError, Compression};

/// Whose clock the timestamps of a batch are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The leader's; one for all records of a batch.
    LogAppendTime,
}

/// The attribute bits of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

const CODEC: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

impl Attributes {
    #[must_use]
    pub fn new(compression: Compression) -> Self {
        Self(compression as i16)
    }

    /// # Errors
    /// For the values that no codec has.
    pub fn compression(self) -> Result<Compression, BatchError> {
        let code = self.0 & CODEC;
        Compression::from_code(code).ok_or(BatchError::UnknownCompression(code))
    }

    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Self {
        Self(self.0 & !CODEC | compression as i16)
    }

    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    #[must_use]
    pub fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        match timestamp_type {
            TimestampType::CreateTime => Self(self.0 & !LOG_APPEND_TIME),
            TimestampType::LogAppendTime => Self(self.0 | LOG_APPEND_TIME),
        }
    }

    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL != 0
    }

    /// Holds markers for brokers, never shown to consumers.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & CONTROL != 0
    }

    #[must_use]
    pub fn control(self) -> Self {
        Self(self.0 | CONTROL)
    }

    #[must_use]
    pub fn transactional(self) -> Self {
        Self(self.0 | TRANSACTIONAL)
    }
}
