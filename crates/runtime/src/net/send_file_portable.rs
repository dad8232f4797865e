//! A piece of a file to a socket by way of memory.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use bytes::Bytes;
use ottla_env::{DiskFile, FilePiece};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::run::Run;
use crate::disk::RealFile;
use crate::spawn::blocking;

/// Bytes of a piece in memory at a time.
const STEP: u64 = 128 * 1024;

/// Sends the run and then the piece. Of the run, nothing is left.
pub(super) async fn send(
    stream: &TcpStream,
    handle: &Handle,
    run: &mut Run,
    piece: FilePiece<RealFile>,
) -> io::Result<()> {
    run.write_all(stream).await?;
    let mut position = piece.position;
    let end = piece.position + piece.length;
    while position < end {
        let length = usize::try_from((end - position).min(STEP)).expect("a step fits");
        let file = Arc::clone(&piece.file);
        let bytes = blocking(handle, move || {
            let mut bytes = vec![0; length];
            match file.read_at(&mut bytes, position)? {
                read if read == length => Ok(bytes),
                _ => Err(io::Error::from(ErrorKind::UnexpectedEof)),
            }
        })
        .await?;
        run.push(Bytes::from(bytes));
        run.write_all(stream).await?;
        position += length as u64;
    }
    Ok(())
}
