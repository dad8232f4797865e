use std::io;
use std::net::TcpStream;

use super::files::Files;
use crate::size::Size;

/// Sends at least `bytes`, piece by piece, from one file after the other, and from their beginnings again once they end.
pub(super) fn serve(stream: &TcpStream, files: &Files, piece: Size, bytes: u64) -> io::Result<u64> {
    let mut positions = vec![0; files.count()];
    let mut sent = 0;
    for index in (0..files.count()).cycle() {
        if sent >= bytes {
            break;
        }
        let (file, position) = (files.at(index), &mut positions[index]);
        let end = file.length.min(*position + piece.0);
        while *position < end {
            let moved = move_to(stream, file, position, end - *position)?;
            if moved == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            sent += moved;
        }
        if *position == file.length {
            *position = 0;
        }
    }
    Ok(sent)
}

/// Moves `position` by what was sent.
#[cfg(target_os = "linux")]
fn move_to(
    stream: &TcpStream,
    file: &super::files::Appended,
    position: &mut u64,
    length: u64,
) -> io::Result<u64> {
    let length = usize::try_from(length).expect("a piece fits into memory");
    let moved = rustix::fs::sendfile(stream, &file.file, Some(position), length)?;
    Ok(moved as u64)
}

#[cfg(not(target_os = "linux"))]
fn move_to(_: &TcpStream, _: &super::files::Appended, _: &mut u64, _: u64) -> io::Result<u64> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the sending loop is there for Linux only",
    ))
}
