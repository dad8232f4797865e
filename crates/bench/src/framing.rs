//! Requests and answers on a socket: each with its length in front.

use std::io::{self, Read};

use bytes::Bytes;
use ottla_wire::Writer;

/// Bytes in front of a frame that say how long it is.
pub(crate) const LENGTH_BYTES: usize = 4;

/// What `write` writes, as it goes to the socket.
pub(crate) fn frame(write: impl FnOnce(&mut Writer)) -> Bytes {
    let mut writer = Writer::new();
    writer.i32(0);
    write(&mut writer);
    let length = i32::try_from(writer.len() - LENGTH_BYTES);
    writer.set_i32(0, length.expect("a frame is smaller than 2 GiB"));
    writer.into_bytes()
}

/// Waits for a frame, which then lies at the start of `buffer`; returns how long it is. The buffer never shrinks: what one frame
/// took, the next has already.
///
/// # Errors
/// When the other end is gone, and when the length is below zero.
pub(crate) fn read_frame(reader: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = [0; LENGTH_BYTES];
    reader.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length))
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    reader.read_exact(&mut buffer[..length])?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_framed_is_read_as_it_was() {
        let frames = [frame(|writer| writer.i64(7)), frame(|_| {})].concat();
        let mut bytes = &frames[..];
        let mut buffer = Vec::new();
        assert_eq!(read_frame(&mut bytes, &mut buffer).unwrap(), 8);
        assert_eq!(buffer[..8], 7_i64.to_be_bytes());
        assert_eq!(read_frame(&mut bytes, &mut buffer).unwrap(), 0);
        let gone = read_frame(&mut bytes, &mut buffer).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::UnexpectedEof);
        let below_zero = read_frame(&mut &[0xff; 8][..], &mut buffer).unwrap_err();
        assert_eq!(below_zero.kind(), io::ErrorKind::InvalidData);
    }
}
