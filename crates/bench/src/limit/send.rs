use std::io::{self, Read};
use std::net::TcpStream;

use super::files::{Appended, Files};
use super::peer::{Fetches, REQUEST_BYTES};
use crate::size::Size;

/// The bytes of the files in pieces: one of each file after the other, and from their beginnings again once they end.
pub(super) struct Pieces<'a> {
    files: &'a Files,
    piece: u64,
    /// In each file.
    positions: Vec<u64>,
    /// The file that is next.
    turn: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(files: &'a Files, piece: Size) -> Self {
        Self {
            files,
            piece: piece.0,
            positions: vec![0; files.count()],
            turn: 0,
        }
    }

    /// Sends what is asked for, as often as it is asked for. Tells how many bytes that were.
    pub(super) fn answer(&mut self, mut stream: &TcpStream, fetches: Fetches) -> io::Result<u64> {
        let mut request = [0; REQUEST_BYTES];
        for _ in 0..fetches.count {
            stream.read_exact(&mut request)?;
            self.send(stream, fetches.asked.0)?;
        }
        Ok(fetches.count * fetches.asked.0)
    }

    /// Sends so many bytes, and tells so.
    pub(super) fn send(&mut self, stream: &TcpStream, bytes: u64) -> io::Result<u64> {
        let mut left = bytes;
        while left > 0 {
            let file = self.files.at(self.turn);
            let position = &mut self.positions[self.turn];
            let mut piece = self.piece.min(file.length - *position).min(left);
            left -= piece;
            while piece > 0 {
                match move_to(stream, file, position, piece)? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    moved => piece -= moved,
                }
            }
            if *position == file.length {
                *position = 0;
            }
            self.turn = (self.turn + 1) % self.files.count();
        }
        Ok(bytes)
    }
}

/// Moves `position` by what was sent.
#[cfg(target_os = "linux")]
fn move_to(
    stream: &TcpStream,
    file: &Appended,
    position: &mut u64,
    length: u64,
) -> io::Result<u64> {
    let length = usize::try_from(length).expect("a piece fits into memory");
    let moved = rustix::fs::sendfile(stream, &file.file, Some(position), length)?;
    Ok(moved as u64)
}

#[cfg(not(target_os = "linux"))]
fn move_to(_: &TcpStream, _: &Appended, _: &mut u64, _: u64) -> io::Result<u64> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the sending loop is there for Linux only",
    ))
}
