use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Level, Window};

/// What comes out at once. Bytes.
const PIECE: usize = 64 << 10;

pub(super) fn compress(records: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let level = match level {
        Level::Exactly(level @ 1..) => flate2::Compression::new(level.min(9) as u32),
        Level::Default | Level::Exactly(_) => flate2::Compression::default(),
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(records)?;
    encoder.finish()
}

/// The members of a gzip stream.
pub(super) struct Members<'a> {
    decoder: MultiGzDecoder<&'a [u8]>,
}

impl<'a> Members<'a> {
    pub(super) fn new(compressed: &'a [u8]) -> Self {
        Self {
            decoder: MultiGzDecoder::new(compressed),
        }
    }

    pub(super) fn next(&mut self, window: &mut Window) -> io::Result<()> {
        let room = window.room(PIECE);
        let mut filled = 0;
        while filled < room.len() {
            match self.decoder.read(&mut room[filled..])? {
                0 => break,
                more => filled += more,
            }
        }
        window.fill(filled);
        Ok(())
    }
}
