use std::borrow::Cow;

use ottla_model::ErrorCode;
use ottla_wire::records::{BatchError, Compression};

/// What a client says of what it pushes.
#[derive(Clone, Copy, Debug)]
pub struct Push {
    /// What it was asked to push, as it knows it.
    pub subscription_id: i32,
    /// Whether this is its last push.
    pub is_terminating: bool,
    /// As batches number them.
    pub compression_code: i8,
    /// How many bytes of metrics there are, as they come.
    pub bytes: usize,
}

impl Push {
    /// # Errors
    /// `UnsupportedCompressionType` where no codec has that number.
    pub(crate) fn compression(&self) -> Result<Compression, ErrorCode> {
        Compression::from_code(self.compression_code.into())
            .ok_or(ErrorCode::UnsupportedCompressionType)
    }
}

/// At most `most` bytes of metrics come out, and no more is held.
///
/// # Errors
/// `TelemetryTooLarge` beyond the bound, `InvalidRecord` for bytes that the codec did not write.
pub fn unpack(
    compression: Compression,
    metrics: &[u8],
    most: usize,
) -> Result<Cow<'_, [u8]>, ErrorCode> {
    let unpacked = compression.decompress(metrics, most);
    unpacked.map_err(|error| match error {
        BatchError::TooLarge(_) => ErrorCode::TelemetryTooLarge,
        _ => ErrorCode::InvalidRecord,
    })
}

#[cfg(test)]
mod tests {
    use ottla_wire::records::Level;

    use super::*;

    #[test]
    fn what_a_small_push_unpacks_to_is_bounded() {
        let metrics = vec![0; 1 << 20];
        for codec in Compression::ALL {
            let packed = codec.compress(&metrics, Level::Default);
            let unpacked = unpack(codec, &packed, 1 << 20);
            assert_eq!(unpacked.as_deref(), Ok(&metrics[..]), "{codec:?}");
            let unpacked = unpack(codec, &packed, (1 << 20) - 1);
            assert_eq!(unpacked, Err(ErrorCode::TelemetryTooLarge), "{codec:?}");
        }
        let unpacked = unpack(Compression::Gzip, b"no gzip", 100);
        assert_eq!(unpacked, Err(ErrorCode::InvalidRecord));
    }
}
