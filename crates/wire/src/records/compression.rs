mod zstd;

use std::borrow::Cow;
use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::BatchError;

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
            Self::Gzip => gzip(records, level),
            Self::Snappy => Ok(snappy::compress(records)),
            Self::Lz4 => lz4(records),
            Self::Zstd => zstd::compress(records, level),
        };
        written.expect("compressing into memory has nothing to fail at")
    }

    /// At most `bound` bytes come out, and no more than that is held, whatever the input claims.
    ///
    /// # Errors
    /// [`BatchError::TooLarge`] beyond the bound, [`BatchError::Decompression`] for bytes the codec did not write.
    pub fn decompress(self, compressed: &[u8], bound: usize) -> Result<Cow<'_, [u8]>, BatchError> {
        let fails = |error: io::Error| BatchError::Decompression(self, error.to_string());
        let records = match self {
            Self::None if compressed.len() > bound => return Err(BatchError::TooLarge(bound)),
            Self::None => return Ok(Cow::Borrowed(compressed)),
            Self::Gzip => read_bounded(MultiGzDecoder::new(compressed), bound).map_err(fails)?,
            Self::Snappy => snappy::decompress(compressed, bound).map_err(fails)?,
            Self::Lz4 => read_bounded(FrameDecoder::new(compressed), bound).map_err(fails)?,
            Self::Zstd => zstd::decompress(compressed, bound).map_err(fails)?,
        };
        records.map(Cow::Owned).ok_or(BatchError::TooLarge(bound))
    }
}

/// `None` when more than `bound` bytes come.
fn read_bounded(reader: impl Read, bound: usize) -> io::Result<Option<Vec<u8>>> {
    let mut records = Vec::new();
    reader.take(bound as u64 + 1).read_to_end(&mut records)?;
    Ok((records.len() <= bound).then_some(records))
}

fn gzip(records: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let level = match level {
        Level::Exactly(level @ 1..) => flate2::Compression::new(level.min(9) as u32),
        Level::Default | Level::Exactly(_) => flate2::Compression::default(),
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(records)?;
    encoder.finish()
}

/// Independent blocks of 64 KiB without checksums: what the Java client writes and every client reads.
fn lz4(records: &[u8]) -> io::Result<Vec<u8>> {
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(records)?;
    Ok(encoder.finish()?)
}

/// The framing of Java's snappy library: a header, then blocks with their lengths. librdkafka writes a bare block.
mod snappy {
    use std::io;

    use snap::raw::{Decoder, Encoder, decompress_len};

    const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
    const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
    const BLOCK: usize = 32 * 1024;

    pub(super) fn compress(records: &[u8]) -> Vec<u8> {
        let mut out = [MAGIC, VERSIONS].concat();
        let mut encoder = Encoder::new();
        for block in records.chunks(BLOCK) {
            let compressed = encoder
                .compress_vec(block)
                .expect("a block of 32 KiB is within snappy's limit");
            out.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
            out.extend_from_slice(&compressed);
        }
        out
    }

    /// `None` when more than `bound` bytes come.
    pub(super) fn decompress(compressed: &[u8], bound: usize) -> io::Result<Option<Vec<u8>>> {
        let mut records = Vec::new();
        if !compressed.starts_with(&MAGIC) {
            return Ok(append_block(compressed, bound, &mut records)?.then_some(records));
        }
        let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "a block is cut");
        let mut rest = compressed
            .get(MAGIC.len() + VERSIONS.len()..)
            .ok_or_else(cut)?;
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk().ok_or_else(cut)?;
            let (block, behind) = behind
                .split_at_checked(u32::from_be_bytes(*length) as usize)
                .ok_or_else(cut)?;
            if !append_block(block, bound, &mut records)? {
                return Ok(None);
            }
            rest = behind;
        }
        Ok(Some(records))
    }

    /// False when the block does not fit. A block cannot claim more than it holds: copies add up to 64 bytes for each 3.
    fn append_block(block: &[u8], bound: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        let length = decompress_len(block)?;
        if length > bound - into.len() {
            return Ok(false);
        }
        if length > block.len().saturating_mul(64) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a block claims more than it can hold",
            ));
        }
        let start = into.len();
        into.resize(start + length, 0);
        Decoder::new().decompress(block, &mut into[start..])?;
        Ok(true)
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
    fn an_lz4_frame_begins_as_the_java_client_expects() {
        let frame = Compression::Lz4.compress(b"some records", Level::Default);
        assert_eq!(frame[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
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
