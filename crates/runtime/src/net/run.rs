//! What goes to a socket in one call.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::TcpStream;

/// Slices per call: enough for the answer of a wide fetch, few enough for the stack.
const MAX_SLICES: usize = 64;

/// The most that a run copies before it has to be written. Bytes.
pub(super) const MAX_COPIED: usize = 128 * 1024;

thread_local! {
    /// Room for the copies of the next run. An allocator gives blocks of this size back to the system, which then clears every page anew
    /// for the next one: at the end of busy logs that costs as much as to read and to send.
    static SPARE: Cell<BytesMut> = Cell::default();
}

/// Pieces of memory that wait to be written together, none of them empty.
#[derive(Debug, Default)]
pub(super) struct Run {
    slices: VecDeque<Bytes>,
    /// Room for copies, none until the first one.
    room: BytesMut,
}

impl Run {
    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.slices.push_back(bytes);
        }
    }

    /// Room for a copy of `length` bytes, at most [`MAX_COPIED`]; it goes at the end of the run with [`Self::push_copy`]. `None` where the run
    /// must be written first.
    pub(super) fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        debug_assert!(length <= MAX_COPIED, "{length} bytes are not for a run");
        if self.room.capacity() == 0 {
            self.room = SPARE.take();
        }
        self.room.clear();
        if self.room.capacity() < length && !self.room.try_reclaim(MAX_COPIED) {
            if !self.slices.is_empty() {
                return None;
            }
            self.room = BytesMut::with_capacity(MAX_COPIED);
        }
        self.room.resize(length, 0);
        Some(&mut self.room)
    }

    /// Adds what [`Self::room`] gave last.
    pub(super) fn push_copy(&mut self) {
        let copy = self.room.split().freeze();
        self.push(copy);
    }

    /// Writes the run, of which nothing is left.
    pub(super) async fn write_all(&mut self, stream: &TcpStream) -> io::Result<()> {
        while !self.slices.is_empty() {
            let written = {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let count = self.slices.len().min(MAX_SLICES);
                for (slice, bytes) in slices.iter_mut().zip(&self.slices) {
                    *slice = IoSlice::new(bytes);
                }
                stream.try_write_vectored(&slices[..count])
            };
            match written {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn advance(&mut self, written: usize) {
        let mut left = written;
        while left > 0 {
            let first = self
                .slices
                .front_mut()
                .expect("no more is written than there was");
            if left < first.len() {
                first.advance(left);
                return;
            }
            left -= first.len();
            self.slices.pop_front();
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.slices.clear();
        self.room.clear();
        if self.room.try_reclaim(MAX_COPIED) {
            SPARE.set(std::mem::take(&mut self.room));
        }
    }
}
