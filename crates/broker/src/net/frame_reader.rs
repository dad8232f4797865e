//! Frames out of a stream of bytes, in memory that grows with what has in fact arrived.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use ottla_env::{Clock, ConnectionReader};
use ottla_model::Monotonic;
use thiserror::Error;

use super::budget::{MemoryBudget, Reservation};
use super::patience::URGENT;
use super::spare_buffers::rounded;
use crate::alarm::Alarm;
use crate::dispatch::is_produce;

const LENGTH_BYTES: usize = 4;
/// What each connection has for itself, beside the budget: many small requests in one read, or a batch of the size that clients fill by
/// default, 16 KiB, with the request around it.
const OWN_BYTES: usize = 17 * 1024;
/// A read into less room than that is not worth its call.
const LEAST_READ: usize = OWN_BYTES / 4;
/// A frame's memory is at most so many times what of it has arrived. Less would copy more, more would reserve for nothing.
const GROWTH: usize = 4;

/// Why no further request comes.
#[derive(Debug, Error)]
pub(super) enum End {
    #[error("closed by the client")]
    Closed,
    #[error("idle for connections.max.idle.ms")]
    Idle,
    #[error(
        "a frame not received within connections.max.idle.ms, or while others waited for its memory"
    )]
    Stalled,
    #[error("a frame of {0} bytes, the bound is socket.request.max.bytes")]
    FrameLength(i32),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The bytes of a frame with the memory reserved for them: both go with the last slice of the frame.
struct Reserved<B> {
    bytes: B,
    _reservation: Reservation,
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Reserved<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// What is there of a frame has been read into the connection's own memory, as far as it fits.
#[must_use = "its length has been read, and is not there again for the next"]
pub(super) struct Beginning {
    length: usize,
}

impl Beginning {
    /// Whether it takes of the budget while it is read.
    pub(super) fn is_large(&self) -> bool {
        self.length > OWN_BYTES
    }
}

pub(super) struct FrameReader<R, C> {
    reader: R,
    clock: C,
    alarm: Alarm<C>,
    /// `connections.max.idle.ms`.
    max_idle: Duration,
    /// `socket.request.max.bytes`.
    max_bytes: usize,
    budget: MemoryBudget,
    /// Read, but not of the frames handed out.
    buffer: BytesMut,
}

impl<R: ConnectionReader, C: Clock> FrameReader<R, C> {
    pub(super) fn new(
        reader: R,
        clock: C,
        max_idle: Option<Duration>,
        max_bytes: usize,
        budget: MemoryBudget,
    ) -> Self {
        Self {
            reader,
            alarm: Alarm::new(clock.clone()),
            clock,
            max_idle: max_idle.unwrap_or(Duration::MAX),
            max_bytes,
            budget,
            buffer: BytesMut::new(),
        }
    }

    /// Waits for the next frame, and reads of it what fits into the connection's own memory. Until [`Self::finish`] it takes nothing of the
    /// budget, and so may wait as long as it likes.
    ///
    /// # Errors
    /// See [`End`].
    pub(super) async fn begin(&mut self) -> Result<Beginning, End> {
        let idle = |end| match end {
            End::Stalled => End::Idle,
            other => other,
        };
        let waited = self.fill_buffer(LENGTH_BYTES, self.deadline()).await;
        waited.map_err(idle)?;
        let length = (&self.buffer[..]).get_i32();
        let bytes = usize::try_from(length)
            .ok()
            .filter(|bytes| *bytes <= self.max_bytes)
            .ok_or(End::FrameLength(length))?;
        let own = LENGTH_BYTES + bytes.min(OWN_BYTES);
        let waited = self.fill_buffer(own, self.deadline()).await;
        // The node may have been silent all that time and not the client. Nothing has been taken out: it can be begun again.
        waited.map_err(idle)?;
        self.buffer.advance(LENGTH_BYTES);
        Ok(Beginning { length: bytes })
    }

    /// The frame that has begun, without its length in front. Others may be waiting for what it takes of the budget: whoever begins this
    /// goes on with it, and with the frame. It is given back when the last slice of the frame is dropped, wherever that is by then.
    ///
    /// # Errors
    /// See [`End`].
    pub(super) async fn finish(&mut self, begun: Beginning) -> Result<Bytes, End> {
        if begun.is_large() {
            self.large(begun.length).await
        } else {
            Ok(self.small(begun.length).await)
        }
    }

    /// A frame that fits into what the connection has anyway. It is gone with its answer, and so never waits for others: a
    /// follower's fetch comes through though all memory is taken by produces that wait for that follower. Only the batches of
    /// a produce may outlast their answer, and are reserved for.
    async fn small(&mut self, length: usize) -> Bytes {
        let frame = self.buffer.split_to(length).freeze();
        if !is_produce(&frame) {
            return frame;
        }
        let mut reservation = self.budget.open_small();
        reservation.grow_to(length).await;
        reserved(frame, reservation)
    }

    async fn large(&mut self, length: usize) -> Result<Bytes, End> {
        let mut deadline = self.deadline();
        let mut reservation = self.budget.open();
        let mut is_urgent = false;
        // The connection's own buffer stays small: a frame as large as this one may be the last in hours.
        let own = std::mem::take(&mut self.buffer);
        let (received, next) = own.split_at(own.len().min(length));
        self.buffer.extend_from_slice(next);
        let spare = self.budget.spare_buffers();
        let mut frame = spare.take(length).unwrap_or_else(|| spare.allocate(0));
        let mut received = Some(received);
        while frame.len() < length {
            let so_far = frame.len() + received.map_or(0, <[u8]>::len);
            let grown = length.min(so_far.saturating_mul(GROWTH));
            let asked = self.clock.monotonic();
            // For what is taken of it, which may be more than what is needed.
            reservation.grow_to(rounded(grown)).await;
            let now = self.clock.monotonic();
            // The client is not to blame for the time in which nothing was read.
            deadline = deadline + (now - asked);
            if reservation.overdraws() && !is_urgent {
                is_urgent = true;
                deadline = deadline.min(now + URGENT);
            }
            if frame.capacity() < grown {
                let mut larger = spare.allocate(grown);
                larger.extend_from_slice(&frame);
                frame = larger;
            }
            if let Some(received) = received.take() {
                frame.extend_from_slice(received);
            }
            while frame.len() < grown {
                // With what is there of the next one, as far as the connection has room for that.
                let most = length - frame.len() + OWN_BYTES;
                read_before(
                    &mut self.reader,
                    &mut self.alarm,
                    (&mut frame, most),
                    deadline,
                )
                .await?;
            }
        }
        // It may have had more room than the frame.
        self.buffer.extend_from_slice(&frame[length..]);
        frame.truncate(length);
        Ok(reserved(frame, reservation))
    }

    /// Reads until there are `wanted` bytes.
    async fn fill_buffer(&mut self, wanted: usize, deadline: Monotonic) -> Result<(), End> {
        while self.buffer.len() < wanted {
            // Not for a few bytes of room: while a frame before it is in use, what has been read cannot be made room of.
            let room = self.buffer.capacity() - self.buffer.len();
            if room < LEAST_READ.max(wanted - self.buffer.len()) {
                self.buffer.reserve(OWN_BYTES);
            }
            let buffer = &mut self.buffer;
            read_before(
                &mut self.reader,
                &mut self.alarm,
                (buffer, usize::MAX),
                deadline,
            )
            .await?;
        }
        Ok(())
    }

    fn deadline(&self) -> Monotonic {
        self.clock.monotonic() + self.max_idle
    }
}

fn reserved<B>(bytes: B, reservation: Reservation) -> Bytes
where
    B: AsRef<[u8]> + Send + 'static,
{
    Bytes::from_owner(Reserved {
        bytes,
        _reservation: reservation,
    })
}

/// Appends what there is to `buffer`, which has room, but no more than `most`.
async fn read_before<C: Clock>(
    reader: &mut impl ConnectionReader,
    alarm: &mut Alarm<C>,
    (buffer, most): (&mut BytesMut, usize),
    deadline: Monotonic,
) -> Result<(), End> {
    match alarm.before(deadline, reader.read(buffer, most)).await {
        Some(read) => match read? {
            0 => Err(End::Closed),
            _ => Ok(()),
        },
        None => Err(End::Stalled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
    use futures::{SinkExt, StreamExt};
    use ottla_env::fake::ManualClock;
    use ottla_model::Timestamp;
    use ottla_wire::api::ApiKey;

    const IDLE: Duration = Duration::from_secs(600);
    const MAX: usize = 100 << 20;

    /// What the client sends, and what of it is not read yet.
    struct Socket {
        sent: UnboundedReceiver<Bytes>,
        unread: Bytes,
    }

    impl ConnectionReader for Socket {
        async fn read(&mut self, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
            if self.unread.is_empty() {
                self.unread = self.sent.next().await.unwrap_or_default();
            }
            let room = most.min(buffer.capacity() - buffer.len());
            let bytes = self.unread.split_to(room.min(self.unread.len()));
            buffer.extend_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    struct World {
        clock: ManualClock,
        budget: MemoryBudget,
    }

    impl World {
        fn new(budget: i64) -> Self {
            Self {
                clock: ManualClock::new(Timestamp(0)),
                budget: MemoryBudget::new(budget),
            }
        }

        fn connect(&self) -> (UnboundedSender<Bytes>, FrameReader<Socket, ManualClock>) {
            let (client, sent) = mpsc::unbounded();
            let socket = Socket {
                sent,
                unread: Bytes::new(),
            };
            let (clock, budget) = (self.clock.clone(), self.budget.clone());
            let frames = FrameReader::new(socket, clock, Some(IDLE), MAX, budget);
            (client, frames)
        }
    }

    impl FrameReader<Socket, ManualClock> {
        async fn next(&mut self) -> Result<Bytes, End> {
            let begun = self.begin().await?;
            self.finish(begun).await
        }
    }

    fn send(client: &mut UnboundedSender<Bytes>, bytes: impl Into<Bytes>) {
        let sent = client.send(bytes.into()).now_or_never();
        sent.expect("unbounded").expect("the connection is open");
    }

    fn frame(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH_BYTES + length];
        bytes[..LENGTH_BYTES].copy_from_slice(&(length as i32).to_be_bytes());
        bytes
    }

    #[test]
    fn a_length_alone_takes_no_memory_from_others() {
        let world = World::new(256 << 20);
        let mut stalled: Vec<_> = (0..10).map(|_| world.connect()).collect();
        for (client, frames) in &mut stalled {
            send(client, (MAX as i32).to_be_bytes().to_vec());
            assert!(frames.next().now_or_never().is_none());
        }
        let (mut client, mut frames) = world.connect();
        send(&mut client, frame(50 << 20));
        let received = frames.next().now_or_never().expect("there is room");
        assert_eq!(received.unwrap().len(), 50 << 20);
    }

    #[test]
    fn frames_come_whole_and_in_order_however_they_are_cut() {
        let world = World::new(1 << 20);
        let lengths = [
            0,
            1,
            OWN_BYTES,
            OWN_BYTES + 1,
            3,
            300_000,
            2,
            17_000,
            17_000,
        ];
        let mut stream = Vec::new();
        for (content, length) in (1..).zip(lengths) {
            stream.extend_from_slice(&(length as i32).to_be_bytes());
            stream.extend(std::iter::repeat_n(content, length));
        }
        for cut in [1, 7, 16_383, 40_000, stream.len()] {
            let (mut client, mut frames) = world.connect();
            for part in stream.chunks(cut) {
                send(&mut client, part.to_vec());
            }
            drop(client);
            for (content, length) in (1..).zip(lengths) {
                let frame = frames.next().now_or_never().expect("it is sent").unwrap();
                assert_eq!(frame, vec![content; length]);
            }
            let end = frames.next().now_or_never().expect("closed").unwrap_err();
            assert!(matches!(end, End::Closed));
        }
    }

    #[test]
    fn memory_is_given_back_with_the_last_slice() {
        let world = World::new(240_000);
        let (mut client, mut frames) = world.connect();
        send(&mut client, frame(100_000));
        let first = frames.next().now_or_never().expect("it is sent").unwrap();
        let slice = first.slice(5..10);
        drop(first);
        let (mut other, mut others) = world.connect();
        send(&mut other, frame(150_000));
        let second = others.next().now_or_never().expect("one may overdraw");
        let (mut third, mut thirds) = world.connect();
        send(&mut third, frame(100_000));
        let mut waiting = Box::pin(thirds.next());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(slice);
        assert!(waiting.as_mut().now_or_never().is_some());
        drop(second);
    }

    #[test]
    fn a_small_frame_that_is_no_produce_waits_for_nobody() {
        let world = World::new(10);
        let [(mut a, mut first), (mut b, mut second)] = [(); 2].map(|()| world.connect());
        send(&mut a, frame(20));
        let held = first.next().now_or_never().expect("one may overdraw");
        send(&mut b, frame(20));
        assert!(second.next().now_or_never().is_none(), "a produce waits");
        let mut fetch = frame(20);
        fetch[LENGTH_BYTES + 1] = ApiKey::Fetch as u8;
        let (mut c, mut third) = world.connect();
        send(&mut c, fetch);
        assert!(third.next().now_or_never().is_some());
        drop(held);
    }

    #[test]
    fn a_frame_that_does_not_end_is_given_up() {
        let world = World::new(1 << 20);
        let (mut client, mut frames) = world.connect();
        send(&mut client, 200_000_i32.to_be_bytes().to_vec());
        let mut next = Box::pin(frames.next());
        // The first of them is only the beginning.
        for _ in 0..7 {
            assert!(next.as_mut().now_or_never().is_none());
            world.clock.advance(IDLE / 6);
            send(&mut client, vec![0; 20_000]);
        }
        let end = next.as_mut().now_or_never();
        assert!(matches!(end, Some(Err(End::Stalled))), "{end:?}");
    }

    #[test]
    fn what_has_only_begun_takes_no_memory_from_others() {
        let world = World::new(1);
        let [mut first, mut second] = [(); 2].map(|()| world.connect());
        for (client, _) in [&mut first, &mut second] {
            send(client, frame(300_000));
        }
        let (mut first, mut second) = (first.1, second.1);
        let begun = first.begin().now_or_never().expect("it is there").unwrap();
        let other = second.next().now_or_never().expect("nobody has any");
        let mut finish = Box::pin(first.finish(begun));
        assert!(finish.as_mut().now_or_never().is_none(), "another has it");
        drop(other);
        let frame = finish.as_mut().now_or_never().expect("its turn");
        assert_eq!(frame.unwrap().len(), 300_000);
    }

    #[test]
    fn a_frame_that_others_wait_for_is_given_up_sooner() {
        let world = World::new(100_000);
        let (mut client, mut frames) = world.connect();
        send(&mut client, 200_000_i32.to_be_bytes().to_vec());
        send(&mut client, vec![0; 100_000]);
        let mut next = Box::pin(frames.next());
        assert!(next.as_mut().now_or_never().is_none());
        world.clock.advance(URGENT);
        let end = next.as_mut().now_or_never();
        assert!(matches!(end, Some(Err(End::Stalled))), "{end:?}");
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_and_an_idle_client_closed() {
        let world = World::new(1 << 20);
        for length in [-1, MAX as i32 + 1] {
            let (mut client, mut frames) = world.connect();
            send(&mut client, length.to_be_bytes().to_vec());
            let end = frames.next().now_or_never();
            assert!(matches!(end, Some(Err(End::FrameLength(_)))), "{end:?}");
        }
        let (_client, mut frames) = world.connect();
        let mut next = Box::pin(frames.next());
        assert!(next.as_mut().now_or_never().is_none());
        world.clock.advance(IDLE);
        let end = next.as_mut().now_or_never();
        assert!(matches!(end, Some(Err(End::Idle))), "{end:?}");
    }
}
