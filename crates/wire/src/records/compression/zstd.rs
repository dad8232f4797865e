//! Zstd, with a decoder that a thread keeps from one batch to the next.

use std::cell::Cell;
use std::io;

use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer, ResetDirective, get_error_name};

use super::{Level, Window};

/// What comes out at once: as much as a block can hold, so that none is kept back. Bytes.
const PIECE: usize = 128 << 10;
/// A decoder that a hostile or a huge window has made larger than this is given back. Bytes.
const KEPT: usize = 1 << 20;

thread_local! {
    /// To make a decoder costs more than to decode a batch of usual size.
    static DECODER: Cell<Option<DCtx<'static>>> = const { Cell::new(None) };
}

pub(super) fn compress(records: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let level = match level {
        Level::Default => 3,
        Level::Exactly(level) => level.clamp(-131_072, 22),
    };
    zstd::bulk::compress(records, level)
}

/// Frames that follow one another.
pub(super) struct Frames<'a> {
    /// `None` only while it is dropped.
    decoder: Option<DCtx<'static>>,
    compressed: &'a [u8],
    read: usize,
    /// What the decoder waits for; 0 behind a frame.
    missing: usize,
}

impl<'a> Frames<'a> {
    pub(super) fn new(compressed: &'a [u8]) -> io::Result<Self> {
        let mut decoder = DECODER.take().unwrap_or_else(DCtx::create);
        // The last one may have failed in the middle of its frame.
        decoder
            .reset(ResetDirective::SessionOnly)
            .map_err(invalid)?;
        Ok(Self {
            decoder: Some(decoder),
            compressed,
            read: 0,
            missing: 1,
        })
    }

    pub(super) fn next(&mut self, window: &mut Window) -> io::Result<()> {
        let decoder = self.decoder.as_mut().expect("it is not being dropped");
        while self.read < self.compressed.len() || self.missing > 0 {
            let mut input = InBuffer {
                src: self.compressed,
                pos: self.read,
            };
            let mut output = OutBuffer::around(window.room(PIECE));
            let missing = decoder.decompress_stream(&mut output, &mut input);
            self.missing = missing.map_err(invalid)?;
            let filled = output.pos();
            let is_stuck = filled == 0 && input.pos == self.read;
            self.read = input.pos;
            if filled > 0 {
                window.fill(filled);
                return Ok(());
            }
            if is_stuck {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        window.fill(0);
        Ok(())
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        let decoder = self.decoder.take();
        let kept = decoder.filter(|decoder| decoder.sizeof() <= KEPT);
        // A thread that ends keeps nothing.
        let _ = DECODER.try_with(|place| place.set(kept));
    }
}

fn invalid(code: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{BatchError, Compression};

    fn decompress(compressed: &[u8], bound: usize) -> Result<Vec<u8>, BatchError> {
        let records = Compression::Zstd.decompress(compressed, bound);
        records.map(std::borrow::Cow::into_owned)
    }

    #[test]
    fn a_decoder_is_as_new_after_a_failure() {
        let compressed = compress(&[b'x'; 100_000], Level::Default).unwrap();
        let cut = &compressed[..compressed.len() - 1];
        assert_eq!(
            decompress(cut, 1 << 20),
            Err(BatchError::Decompression(
                Compression::Zstd,
                io::Error::from(io::ErrorKind::UnexpectedEof).to_string()
            ))
        );
        assert_eq!(
            decompress(&compressed, 99_999),
            Err(BatchError::TooLarge(99_999))
        );
        assert_eq!(decompress(&compressed, 100_000), Ok(vec![b'x'; 100_000]));
    }

    #[test]
    fn frames_follow_one_another() {
        let frames =
            [&b"one, "[..], b"", b"two"].map(|part| compress(part, Level::Default).unwrap());
        assert_eq!(decompress(&frames.concat(), 100), Ok(b"one, two".to_vec()));
    }

    #[test]
    fn what_is_larger_than_its_window_comes_out_whole() {
        let records: Vec<u8> = (0..3_000_000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x0f)
            .collect();
        let compressed = compress(&records, Level::Exactly(1)).unwrap();
        assert_eq!(decompress(&compressed, records.len()), Ok(records));
        let kept = DECODER.take();
        assert!(kept.is_none_or(|decoder| decoder.sizeof() <= KEPT));
    }
}
