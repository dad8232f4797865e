//! Zstd, with a decoder that a thread keeps from one batch to the next.

use std::cell::RefCell;
use std::io;

use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer, ResetDirective, get_error_name};

use super::Level;

/// What of the output there is room for at once, at least. Bytes.
const STEP: usize = 64 << 10;
/// The most that records shrink to before the output grows as it comes: most batches come out in one piece.
const USUAL_RATIO: usize = 8;
/// A decoder that a hostile or a huge window has made larger than this is given back. Bytes.
const KEPT: usize = 1 << 20;

thread_local! {
    /// To make a decoder costs more than to decode a batch of usual size.
    static DECODER: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

pub(super) fn compress(records: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let level = match level {
        Level::Default => 3,
        Level::Exactly(level) => level.clamp(-131_072, 22),
    };
    zstd::bulk::compress(records, level)
}

/// `None` when more than `bound` bytes come.
pub(super) fn decompress(compressed: &[u8], bound: usize) -> io::Result<Option<Vec<u8>>> {
    DECODER.with_borrow_mut(|decoder| {
        // The last one may have failed in the middle of its frame.
        decoder
            .reset(ResetDirective::SessionOnly)
            .map_err(invalid)?;
        let records = decompress_with(decoder, compressed, bound);
        if decoder.sizeof() > KEPT {
            *decoder = DCtx::create();
        }
        records
    })
}

fn decompress_with(
    decoder: &mut DCtx<'_>,
    compressed: &[u8],
    bound: usize,
) -> io::Result<Option<Vec<u8>>> {
    // One more tells that it is too much.
    let most = bound.saturating_add(1);
    let mut records = Vec::with_capacity((compressed.len() * USUAL_RATIO).min(most));
    let mut input = InBuffer::around(compressed);
    loop {
        if records.len() == records.capacity() {
            let more = records.len().max(STEP).min(most - records.len());
            records.reserve_exact(more);
        }
        let before = (input.pos(), records.len());
        let mut output = OutBuffer::around_pos(&mut records, before.1);
        let missing = decoder
            .decompress_stream(&mut output, &mut input)
            .map_err(invalid)?;
        if records.len() > bound {
            return Ok(None);
        }
        let is_read = input.pos() == compressed.len();
        if is_read && missing == 0 {
            return Ok(Some(records));
        }
        if (input.pos(), records.len()) == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn invalid(code: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_is_as_new_after_a_failure() {
        let compressed = compress(&[b'x'; 100_000], Level::Default).unwrap();
        let cut = &compressed[..compressed.len() - 1];
        assert_eq!(
            decompress(cut, 1 << 20).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        assert_eq!(decompress(&compressed, 99_999).unwrap(), None);
        assert_eq!(
            decompress(&compressed, 100_000).unwrap().unwrap(),
            [b'x'; 100_000]
        );
    }

    #[test]
    fn frames_follow_one_another() {
        let frames =
            [&b"one, "[..], b"", b"two"].map(|part| compress(part, Level::Default).unwrap());
        assert_eq!(
            decompress(&frames.concat(), 100).unwrap().unwrap(),
            b"one, two"
        );
    }

    #[test]
    fn what_is_larger_than_its_window_comes_out_whole() {
        let records: Vec<u8> = (0..3_000_000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x0f)
            .collect();
        let compressed = compress(&records, Level::Exactly(1)).unwrap();
        let back = decompress(&compressed, records.len()).unwrap();
        assert_eq!(back.unwrap(), records);
        assert!(DECODER.with_borrow(DCtx::sizeof) <= KEPT);
    }
}
