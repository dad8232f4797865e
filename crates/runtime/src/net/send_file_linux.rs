//! `sendfile`: pages of the file go to the socket without passing through the process, but for a few bytes.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use ottla_env::{DiskFile, FilePiece};
use rustix::fs::sendfile;
use rustix::io::retry_on_intr;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::run::{MAX_COPIED, Run};
use crate::disk::{RealFile, Residence, read_resident, residence};
use crate::spawn::blocking;

/// How far the page cache is looked at, and warmed, in one go: a few of the kernel's read-ahead windows (128 KiB).
const STEP: u64 = 512 * 1024;

/// The most that is cheaper to copy than to hand over page by page, with a call and a packet of its own.
const COPIED: u64 = 32 * 1024;
const _: () = assert!(
    COPIED <= MAX_COPIED as u64,
    "a run must have room for a piece"
);

/// Sends the run and then the piece; or adds the piece to the run where it is small and in memory, to go out with what follows.
pub(super) async fn send(
    stream: &TcpStream,
    handle: &Handle,
    run: &mut Run,
    piece: FilePiece<RealFile>,
) -> io::Result<()> {
    if piece.length <= COPIED && copy(stream, run, &piece).await? {
        return Ok(());
    }
    run.write_all(stream).await?;
    let mut position = piece.position;
    let end = piece.position + piece.length;
    while position < end {
        let step_end = end.min(position + STEP);
        // `sendfile` waits for the disk, and this thread serves others: cold pages are brought in on another one first.
        // Both ends are looked at, as the kernel reads ahead; what is missing in between costs one wait at worst.
        if [position, step_end - 1]
            .iter()
            .any(|&at| residence(&*piece.file, at) == Residence::Disk)
        {
            warm(handle, &piece.file, position, step_end).await?;
        }
        while position < step_end {
            let left = usize::try_from(step_end - position).expect("a step fits");
            let sent = stream
                .async_io(Interest::WRITABLE, || {
                    let mut from = position;
                    let sent =
                        retry_on_intr(|| sendfile(stream, &*piece.file, Some(&mut from), left));
                    sent.map_err(io::Error::from)
                })
                .await?;
            if sent == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            position += sent as u64;
        }
    }
    Ok(())
}

/// Adds a copy of the piece to the run, which is written before that where it has too many of them. False: the piece is not in memory.
async fn copy(stream: &TcpStream, run: &mut Run, piece: &FilePiece<RealFile>) -> io::Result<bool> {
    let length = usize::try_from(piece.length).expect("it is small");
    if run.room(length).is_none() {
        run.write_all(stream).await?;
    }
    let room = run.room(length).expect("an empty run has room");
    let is_resident = read_resident(&*piece.file, room, piece.position);
    if is_resident {
        run.push_copy();
    }
    Ok(is_resident)
}

/// Reads the range for nothing but that it is in memory afterwards.
async fn warm(handle: &Handle, file: &Arc<RealFile>, from: u64, to: u64) -> io::Result<()> {
    let file = Arc::clone(file);
    blocking(handle, move || {
        let mut page = vec![0; usize::try_from(to - from).expect("a step fits")];
        file.read_at(&mut page, from).map(drop)
    })
    .await
}
