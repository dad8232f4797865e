mod gzip;
mod lz4;
mod snappy;
mod unpacked;
mod window;
mod zstd;

use std::borrow::Cow;

use super::BatchError;

pub use unpacked::Unpacked;
use window::Window;

/// The most that records shrink to, mostly: so much room is made for what comes out before it grows.
const USUAL_RATIO: usize = 8;

/// A codec for the records of a batch, by its number in the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Compression {
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

/// How hard a codec tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Default,
    /// In the codec's own scale; values beyond its ends mean the ends.
    Exactly(i32),
}

impl Compression {
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    #[must_use]
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            0 => Some(Self::None),
            1 => Some(Self::Gzip),
            2 => Some(Self::Snappy),
            3 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// In the framing of the Java client. Snappy knows no levels, and the library's lz4 has one.
    #[must_use]
    pub fn compress(self, records: &[u8], level: Level) -> Vec<u8> {
        let written = match self {
            Self::None => Ok(records.to_vec()),
            Self::Gzip => gzip::compress(records, level),
            Self::Snappy => Ok(snappy::compress(records)),
            Self::Lz4 => lz4::compress(records),
            Self::Zstd => zstd::compress(records, level),
        };
        written.expect("compressing into memory has nothing to fail at")
    }

    /// At most `bound` bytes come out, and no more than that is held, whatever the input claims.
    ///
    /// # Errors
    /// [`BatchError::TooLarge`] beyond the bound, [`BatchError::Decompression`] for bytes the codec did not write.
    pub fn decompress(self, compressed: &[u8], bound: usize) -> Result<Cow<'_, [u8]>, BatchError> {
        let mut unpacked = Unpacked::new(self, compressed, bound)?;
        if self == Self::None {
            return Ok(Cow::Borrowed(compressed));
        }
        let usual = compressed.len().saturating_mul(USUAL_RATIO);
        let mut records = Vec::with_capacity(usual.min(bound));
        loop {
            let piece = unpacked.piece()?;
            if piece.is_empty() {
                return Ok(Cow::Owned(records));
            }
            let length = piece.len();
            records.extend_from_slice(piece);
            unpacked.consume(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_codec_gives_back_what_it_took(
            seed in proptest::collection::vec(any::<u8>(), 0..200), repeats in 1usize..600, codec in 0i16..5,
        ) {
            let records = seed.repeat(repeats);
            let codec = Compression::from_code(codec).unwrap();
            let compressed = codec.compress(&records, Level::Default);
            let back = codec.decompress(&compressed, records.len()).unwrap();
            prop_assert_eq!(&*back, &records[..]);
            if !records.is_empty() {
                let beyond = codec.decompress(&compressed, records.len() - 1);
                prop_assert_eq!(beyond, Err(BatchError::TooLarge(records.len() - 1)));
            }
        }

        #[test]
        fn hostile_bytes_are_an_error_or_small(
            bytes in proptest::collection::vec(any::<u8>(), 0..300), codec in 0i16..5,
        ) {
            let codec = Compression::from_code(codec).unwrap();
            if let Ok(records) = codec.decompress(&bytes, 10_000) {
                prop_assert!(records.len() <= 10_000);
            }
        }
    }

    #[test]
    fn a_bare_snappy_block_is_read() {
        let block = snap::raw::Encoder::new()
            .compress_vec(b"some records")
            .unwrap();
        assert_eq!(
            &*Compression::Snappy.decompress(&block, 100).unwrap(),
            b"some records"
        );
    }
}
