use std::io;

use super::{Compression, Window, gzip, lz4, snappy, zstd};
use crate::records::BatchError;

/// The records' bytes of a batch, unpacked piece by piece: what is held is one piece, which is as large as what the codec
/// takes together: 64 KiB for gzip, 128 KiB for zstd, a block for lz4 (at most 4 MiB) and snappy (at most 64 times what it is
/// packed), and no copy where nothing is packed.
pub struct Unpacked<'a> {
    codec: Compression,
    pieces: Pieces<'a>,
    window: Window,
    /// What of the window has been consumed.
    at: usize,
    /// How many bytes may still come.
    most: usize,
    bound: usize,
}

enum Pieces<'a> {
    Whole(&'a [u8]),
    Gzip(gzip::Members<'a>),
    Snappy(snappy::Blocks<'a>),
    Lz4(lz4::Blocks<'a>),
    Zstd(zstd::Frames<'a>),
}

impl<'a> Unpacked<'a> {
    /// Bytes that are not packed, or no longer.
    #[must_use]
    pub fn whole(records: &'a [u8]) -> Self {
        Self {
            codec: Compression::None,
            pieces: Pieces::Whole(records),
            window: Window::of_this_thread(),
            at: 0,
            most: records.len(),
            bound: records.len(),
        }
    }

    /// Of `compressed`, of which at most `bound` bytes may come.
    ///
    /// # Errors
    /// As [`piece`](Self::piece), as far as that is known already.
    pub fn new(codec: Compression, compressed: &'a [u8], bound: usize) -> Result<Self, BatchError> {
        let fails = |error| failed(codec, &error);
        let pieces = match codec {
            Compression::None if compressed.len() > bound => {
                return Err(BatchError::TooLarge(bound));
            }
            Compression::None => Pieces::Whole(compressed),
            Compression::Gzip => Pieces::Gzip(gzip::Members::new(compressed)),
            Compression::Snappy => Pieces::Snappy(snappy::Blocks::new(compressed).map_err(fails)?),
            Compression::Lz4 => Pieces::Lz4(lz4::Blocks::new(compressed)),
            Compression::Zstd => Pieces::Zstd(zstd::Frames::new(compressed).map_err(fails)?),
        };
        Ok(Self {
            codec,
            pieces,
            window: Window::of_this_thread(),
            at: 0,
            most: bound,
            bound,
        })
    }

    /// What is not consumed of the piece at hand, or the next one; empty when there is none.
    ///
    /// # Errors
    /// [`BatchError::TooLarge`] beyond the bound, [`BatchError::Decompression`] for bytes the codec did not write.
    pub fn piece(&mut self) -> Result<&[u8], BatchError> {
        if let Pieces::Whole(rest) = self.pieces {
            return Ok(rest);
        }
        if self.at == self.window.bytes().len() {
            self.next_piece()?;
        }
        Ok(&self.window.bytes()[self.at..])
    }

    fn next_piece(&mut self) -> Result<(), BatchError> {
        let window = &mut self.window;
        let fits = match &mut self.pieces {
            Pieces::Whole(_) => unreachable!("it is one piece, which is not in the window"),
            Pieces::Gzip(members) => members.next(window).map(|()| true),
            Pieces::Snappy(blocks) => blocks.next(window, self.most),
            Pieces::Lz4(blocks) => blocks.next(window).map(|()| true),
            Pieces::Zstd(frames) => frames.next(window).map(|()| true),
        };
        let fits = fits.map_err(|error| failed(self.codec, &error))?;
        let left = self.most.checked_sub(window.bytes().len());
        self.most = left
            .filter(|_| fits)
            .ok_or(BatchError::TooLarge(self.bound))?;
        self.at = 0;
        Ok(())
    }

    /// The first `length` bytes of the piece are done with.
    pub fn consume(&mut self, length: usize) {
        match &mut self.pieces {
            Pieces::Whole(rest) => *rest = &rest[length..],
            _ => {
                self.at += length;
                assert!(
                    self.at <= self.window.bytes().len(),
                    "nobody consumes what is not there"
                );
            }
        }
    }
}

fn failed(codec: Compression, error: &io::Error) -> BatchError {
    BatchError::Decompression(codec, error.to_string())
}
