//! The framing of Java's snappy library: a header, then blocks with their lengths. librdkafka writes a bare block.

use std::io;

use snap::raw::{Decoder, Encoder, decompress_len};

use super::Window;

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
const BLOCK: usize = 32 * 1024;
/// Copies add up to 64 bytes for each 3 of a block, so that it cannot hold more for each byte.
const LARGEST_RATIO: usize = 64;

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

pub(super) struct Blocks<'a> {
    rest: &'a [u8],
    is_framed: bool,
    /// The bare block has been read.
    is_done: bool,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(compressed: &'a [u8]) -> io::Result<Self> {
        let is_framed = compressed.starts_with(&MAGIC);
        let header = if is_framed {
            MAGIC.len() + VERSIONS.len()
        } else {
            0
        };
        Ok(Self {
            rest: compressed.get(header..).ok_or_else(cut)?,
            is_framed,
            is_done: false,
        })
    }

    /// False when the block has more than `most` bytes.
    pub(super) fn next(&mut self, window: &mut Window, most: usize) -> io::Result<bool> {
        window.fill(0);
        while window.bytes().is_empty() {
            let Some(block) = self.block()? else {
                return Ok(true);
            };
            let length = decompress_len(block)?;
            if length > most {
                return Ok(false);
            }
            if length > block.len().saturating_mul(LARGEST_RATIO) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a block claims more than it can hold",
                ));
            }
            let filled = Decoder::new().decompress(block, window.room(length))?;
            window.fill(filled);
        }
        Ok(true)
    }

    fn block(&mut self) -> io::Result<Option<&'a [u8]>> {
        if !self.is_framed {
            let is_first = !std::mem::replace(&mut self.is_done, true);
            return Ok(is_first.then_some(self.rest));
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (length, behind) = self.rest.split_first_chunk().ok_or_else(cut)?;
        let (block, behind) = behind
            .split_at_checked(u32::from_be_bytes(*length) as usize)
            .ok_or_else(cut)?;
        self.rest = behind;
        Ok(Some(block))
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "a block is cut")
}
