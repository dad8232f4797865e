use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

use bytes::{Buf, Bytes};
use ottla_env::{ConnectionWriter, Piece};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::runtime::Handle;

use super::send_file;
use crate::disk::RealFile;

/// Slices per call: enough for the answer of a wide fetch, few enough for the stack.
const MAX_SLICES: usize = 64;

/// What the peer gets.
#[derive(Debug)]
pub struct RealWriter {
    half: OwnedWriteHalf,
    handle: Handle,
}

impl RealWriter {
    pub(super) fn new(half: OwnedWriteHalf, handle: Handle) -> Self {
        Self { half, handle }
    }
}

impl ConnectionWriter for RealWriter {
    type File = RealFile;

    async fn write(&mut self, pieces: Vec<Piece<RealFile>>) -> io::Result<()> {
        let stream = self.half.as_ref();
        let mut run = VecDeque::new();
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) if bytes.is_empty() => {}
                Piece::Bytes(bytes) => run.push_back(bytes),
                Piece::File(piece) => {
                    send_file::send(stream, &self.handle, &mut run, piece).await?;
                }
            }
        }
        write_all(stream, &mut run).await
    }
}

/// Writes the run, none of which is empty, and leaves it empty.
pub(super) async fn write_all(stream: &TcpStream, run: &mut VecDeque<Bytes>) -> io::Result<()> {
    while !run.is_empty() {
        let written = {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = run.len().min(MAX_SLICES);
            for (slice, bytes) in slices.iter_mut().zip(run.iter()) {
                *slice = IoSlice::new(bytes);
            }
            stream.try_write_vectored(&slices[..count])
        };
        match written {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => advance(run, written),
            Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn advance(run: &mut VecDeque<Bytes>, written: usize) {
    let mut left = written;
    while left > 0 {
        let first = run.front_mut().expect("no more is written than there was");
        if left < first.len() {
            first.advance(left);
            return;
        }
        left -= first.len();
        run.pop_front();
    }
}
