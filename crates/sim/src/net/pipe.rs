use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use ottla_model::Monotonic;
use parking_lot::Mutex;

/// Bytes on their way and unread that a writer may be ahead by: the two socket buffers.
const WINDOW: usize = 256 * 1024;

/// One direction of a connection. Clones are the same pipe.
#[derive(Clone)]
pub(super) struct Pipe {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// In order; `None` is the end.
    underway: VecDeque<(Monotonic, Option<Bytes>)>,
    arrived: VecDeque<Bytes>,
    /// Bytes in both.
    unread: usize,
    ended: bool,
    reset: bool,
    reader_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    pub(super) fn new() -> Self {
        Self {
            state: Arc::default(),
        }
    }

    /// Nothing overtakes: the time of arrival, not before that of what was sent earlier.
    pub(super) fn depart(&self, bytes: Option<Bytes>, arrival: Monotonic) -> Monotonic {
        let mut state = self.state.lock();
        let arrival = state
            .underway
            .back()
            .map_or(arrival, |(last, _)| arrival.max(*last));
        state.unread += bytes.as_ref().map_or(0, Bytes::len);
        state.underway.push_back((arrival, bytes));
        arrival
    }

    /// Hands over all that is due.
    pub(super) fn arrive(&self, now: Monotonic) {
        let mut state = self.state.lock();
        while state
            .underway
            .front()
            .is_some_and(|(arrival, _)| *arrival <= now)
        {
            match state.underway.pop_front() {
                Some((_, Some(bytes))) => state.arrived.push_back(bytes),
                Some((_, None)) => state.ended = true,
                None => {}
            }
        }
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    /// Loses what has not been read. The wakers of both sides, to be woken by the caller.
    pub(super) fn reset(&self) -> Vec<Waker> {
        let mut state = self.state.lock();
        state.reset = true;
        state.underway.clear();
        state.arrived.clear();
        [state.reader.take(), state.writer.take()]
            .into_iter()
            .flatten()
            .collect()
    }

    pub(super) fn reader_is_gone(&self) {
        let mut state = self.state.lock();
        state.reader_gone = true;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }

    /// How much may be sent, more than 0.
    pub(super) fn poll_room(&self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.state.lock();
        if state.reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if state.reader_gone {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let room = WINDOW.saturating_sub(state.unread);
        if room > 0 {
            return Poll::Ready(Ok(room));
        }
        state.writer = Some(context.waker().clone());
        Poll::Pending
    }

    /// Appends what has arrived, at most the buffer's spare capacity; 0 at the end.
    pub(super) fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut BytesMut,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let mut state = self.state.lock();
        if state.reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let mut read = 0;
        while read < most && buffer.capacity() > buffer.len() {
            let room = (most - read).min(buffer.capacity() - buffer.len());
            let Some(first) = state.arrived.front_mut() else {
                break;
            };
            let taken = room.min(first.len());
            buffer.extend_from_slice(&first[..taken]);
            first.advance(taken);
            if first.is_empty() {
                state.arrived.pop_front();
            }
            read += taken;
        }
        if read > 0 {
            state.unread -= read;
            if let Some(writer) = state.writer.take() {
                writer.wake();
            }
            return Poll::Ready(Ok(read));
        }
        if state.ended {
            return Poll::Ready(Ok(0));
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }
}
