//! The frame format of LZ4, as far as Apache's readers take it: independent blocks, no dictionary.

use std::hash::Hasher;
use std::io::{self, Write};

use lz4_flex::block::decompress_into;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use twox_hash::XxHash32;

use super::Window;

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
const VERSION: u8 = 0b0100_0000;
const VERSION_BITS: u8 = 0b1100_0000;
const INDEPENDENT_BLOCKS: u8 = 0b0010_0000;
const BLOCK_CHECKSUMS: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const CONTENT_CHECKSUM: u8 = 0b0000_0100;
/// A dictionary among them, which nobody could know.
const RESERVED: u8 = 0b0000_0011;
/// Of a block's length: it is not compressed.
const STORED: u32 = 1 << 31;

/// Independent blocks of 64 KiB without checksums: what the Java client writes and every client reads.
pub(super) fn compress(records: &[u8]) -> io::Result<Vec<u8>> {
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(records)?;
    Ok(encoder.finish()?)
}

/// The blocks of frames that follow one another.
pub(super) struct Blocks<'a> {
    rest: &'a [u8],
    frame: Option<Frame>,
}

/// What the header of the frame that is being read says, and what came of it so far.
struct Frame {
    max_block: usize,
    block_checksums: bool,
    content_size: Option<u64>,
    content: u64,
    content_checksum: Option<XxHash32>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(compressed: &'a [u8]) -> Self {
        Self {
            rest: compressed,
            frame: None,
        }
    }

    pub(super) fn next(&mut self, window: &mut Window) -> io::Result<()> {
        loop {
            let Some(frame) = &mut self.frame else {
                if self.rest.is_empty() {
                    window.fill(0);
                    return Ok(());
                }
                self.frame = Some(Frame::begin(&mut self.rest)?);
                continue;
            };
            let length = take_u32(&mut self.rest)?;
            if length == 0 {
                frame.end(&mut self.rest)?;
                self.frame = None;
                continue;
            }
            let filled = frame.block(length, &mut self.rest, window)?;
            if filled > 0 {
                window.fill(filled);
                return Ok(());
            }
        }
    }
}

impl Frame {
    fn begin(rest: &mut &[u8]) -> io::Result<Self> {
        if take(rest, MAGIC.len())? != MAGIC {
            return Err(invalid("it begins as no frame does"));
        }
        let descriptor = *rest;
        let flags = take(rest, 1)?[0];
        let block_size = take(rest, 1)?[0];
        if flags & VERSION_BITS != VERSION || flags & RESERVED != 0 {
            return Err(invalid("its frame is of another version"));
        }
        if flags & INDEPENDENT_BLOCKS == 0 {
            return Err(invalid("its blocks depend on one another"));
        }
        let max_block = match block_size {
            0x40 => 64 << 10,
            0x50 => 256 << 10,
            0x60 => 1 << 20,
            0x70 => 4 << 20,
            _ => return Err(invalid("its blocks are of no size there is")),
        };
        let content_size = if flags & CONTENT_SIZE == 0 {
            None
        } else {
            let (low, high) = (take_u32(rest)?, take_u32(rest)?);
            Some(u64::from(high) << 32 | u64::from(low))
        };
        let descriptor = &descriptor[..descriptor.len() - rest.len()];
        if take(rest, 1)?[0] != (XxHash32::oneshot(0, descriptor) >> 8) as u8 {
            return Err(invalid("its frame's header has another checksum"));
        }
        Ok(Self {
            max_block,
            block_checksums: flags & BLOCK_CHECKSUMS != 0,
            content_size,
            content: 0,
            content_checksum: (flags & CONTENT_CHECKSUM != 0).then(|| XxHash32::with_seed(0)),
        })
    }

    /// Gives how many bytes came of it.
    fn block(&mut self, length: u32, rest: &mut &[u8], window: &mut Window) -> io::Result<usize> {
        let block = take(rest, (length & !STORED) as usize)?;
        if block.len() > self.max_block {
            return Err(invalid("a block is larger than its frame allows"));
        }
        if self.block_checksums && take_u32(rest)? != XxHash32::oneshot(0, block) {
            return Err(invalid("a block has another checksum"));
        }
        let room = window.room(self.max_block);
        let filled = if length & STORED == 0 {
            decompress_into(block, room)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?
        } else {
            room[..block.len()].copy_from_slice(block);
            block.len()
        };
        self.content += filled as u64;
        if let Some(checksum) = &mut self.content_checksum {
            checksum.write(&room[..filled]);
        }
        Ok(filled)
    }

    fn end(&self, rest: &mut &[u8]) -> io::Result<()> {
        if self.content_size.is_some_and(|size| size != self.content) {
            return Err(invalid("its frame holds another number of bytes"));
        }
        if let Some(checksum) = &self.content_checksum
            && u64::from(take_u32(rest)?) != checksum.finish()
        {
            return Err(invalid("its frame has another checksum"));
        }
        Ok(())
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> io::Result<&'a [u8]> {
    let (taken, behind) = rest
        .split_at_checked(length)
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = behind;
    Ok(taken)
}

fn take_u32(rest: &mut &[u8]) -> io::Result<u32> {
    let (taken, behind) = rest
        .split_first_chunk()
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = behind;
    Ok(u32::from_le_bytes(*taken))
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decompress(frames: &[u8]) -> io::Result<Vec<u8>> {
        let (mut blocks, mut window) = (Blocks::new(frames), Window::of_this_thread());
        let mut all = Vec::new();
        loop {
            blocks.next(&mut window)?;
            if window.bytes().is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(window.bytes());
        }
    }

    fn frame(info: FrameInfo, content: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn info() -> FrameInfo {
        FrameInfo::new().block_mode(BlockMode::Independent)
    }

    #[test]
    fn a_frame_begins_as_the_java_client_expects() {
        let frame = compress(b"some records").unwrap();
        assert_eq!(frame[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
    }

    #[test]
    fn every_block_size_and_checksum_is_read() {
        let content: Vec<u8> = (0..5_000_000_u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        for size in [
            BlockSize::Max64KB,
            BlockSize::Max256KB,
            BlockSize::Max1MB,
            BlockSize::Max4MB,
        ] {
            let info = info()
                .block_size(size)
                .block_checksums(true)
                .content_checksum(true)
                .content_size(Some(content.len() as u64));
            assert_eq!(decompress(&frame(info, &content)).unwrap(), content);
        }
    }

    #[test]
    fn frames_follow_one_another() {
        let frames = [&b"one, "[..], b"", b"two"].map(|part| frame(info(), part));
        assert_eq!(decompress(&frames.concat()).unwrap(), b"one, two");
    }

    #[test]
    fn a_frame_that_is_cut_or_changed_is_refused() {
        let info = info()
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(12));
        let whole = frame(info, b"some records");
        for length in 1..whole.len() {
            let error = decompress(&whole[..length]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(decompress(&changed).is_err(), "{at}");
        }
    }

    #[test]
    fn blocks_that_depend_on_one_another_are_refused_as_by_apache() {
        let linked = FrameInfo::new().block_mode(BlockMode::Linked);
        let error = decompress(&frame(linked, b"some records")).unwrap_err();
        assert_eq!(error.to_string(), "its blocks depend on one another");
    }
}
