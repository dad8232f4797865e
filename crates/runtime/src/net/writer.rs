use std::io;

use ottla_env::{ConnectionWriter, Piece};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::runtime::Handle;

use super::run::Run;
use super::send_file;
use crate::disk::RealFile;

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
        let mut run = Run::default();
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => run.push(bytes),
                Piece::File(piece) => {
                    send_file::send(stream, &self.handle, &mut run, piece).await?;
                }
            }
        }
        run.write_all(stream).await
    }
}
