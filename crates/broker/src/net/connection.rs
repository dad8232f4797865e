use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::{Clock, Connection, ConnectionReader, ConnectionWriter, Env, Piece};

use super::answer_writer;
use super::bound::BoundListener;
use super::frame_reader::{End, FrameReader};
use super::muting::stay_muted;
use super::patience::{URGENT, unless_told_to_close, while_any_is_left};
use super::produces::Produces;
use super::role_limits::Admission;
use crate::FileOf;
use crate::dispatch::{self, Close, is_produce, only_waits};
use crate::node::Node;
use crate::request::Caller;

/// Answers the requests of one connection in order, until either side closes it. They are carried out one after the other, but for a
/// produce behind another, which may begin before that is answered: their order is that in which they come to their lanes.
pub(super) async fn serve<E: Env>(
    node: &Node<E>,
    listener: &BoundListener,
    connection: impl Connection<File = FileOf<E>>,
    admission: Admission,
) {
    let caller = Caller::anonymous(
        listener,
        connection.peer_address(),
        connection.local_address(),
    );
    let _open = node.metrics.connection();
    let (reader, writer) = connection.split();
    let clock = node.env.clock();
    let mut frames = FrameReader::new(
        reader,
        clock.clone(),
        node.options.max_idle,
        node.options.max_request_bytes,
        node.request_memory.clone(),
    );
    let mut dialogue = Dialogue {
        node,
        caller: &caller,
        writer,
        produces: Produces::new(clock.clone()),
        admission,
        patience: None,
    };
    let ended = loop {
        if let Err(ended) = dialogue.take_turn(&mut frames).await {
            break ended;
        }
    };
    node.telemetry.disconnected(&caller);
    match ended {
        Ended::Reading(End::Closed) | Ended::Left => {}
        Ended::Reading(end @ (End::Idle | End::Stalled | End::Io(_))) => {
            tracing::debug!(peer = %caller.peer, %end, "connection closed");
        }
        Ended::Reading(end) => complain(node, &caller, &end.to_string()),
        Ended::Writing(error) => {
            tracing::debug!(peer = %caller.peer, %error, "connection closed while answering");
        }
        Ended::ToldToClose => {
            tracing::debug!(peer = %caller.peer, "connection closed: its listener is, or there are more than max.connections and it was used least recently");
        }
        Ended::Refused(Close(reason)) => complain(node, &caller, &reason),
    }
}

fn complain<E: Env>(node: &Node<E>, caller: &Caller, reason: &str) {
    let peer = caller.peer;
    match node.complaints.admit(node.env.clock().monotonic()) {
        Some(0) => tracing::warn!(%peer, reason, "connection closed"),
        Some(unsaid) => {
            tracing::warn!(%peer, reason, unsaid, "connection closed, as were others of which nothing was said");
        }
        None => {}
    }
}

/// Why there is no further request.
pub(super) enum Ended {
    Reading(End),
    Writing(io::Error),
    Refused(Close),
    /// The node takes leave of its clients.
    Left,
    /// There were too many connections, or its listener is closed.
    ToldToClose,
}

/// What comes after all that can be answered.
enum Next<T> {
    Read(Result<T, End>),
    Close,
}

struct Dialogue<'a, E: Env, W> {
    node: &'a Node<E>,
    caller: &'a Caller,
    writer: W,
    produces: Produces<E>,
    admission: Admission,
    /// How long the client may still leave what it was answered where it is, while a frame of its own holds memory that others may wait for.
    patience: Option<Duration>,
}

impl<E: Env, W: ConnectionWriter<File = FileOf<E>>> Dialogue<'_, E, W> {
    /// Takes the next request. What came before is answered by then, or is produces that are with their lanes.
    async fn take_turn<R: ConnectionReader>(
        &mut self,
        frames: &mut FrameReader<R, E::Clock>,
    ) -> Result<(), Ended> {
        let frame = match self.answer_until_read(frames).await? {
            Next::Read(Ok(frame)) => {
                self.admission.use_at(self.node.env.clock().monotonic());
                frame
            }
            Next::Read(Err(End::Idle)) if self.is_in_use() => return Ok(()),
            Next::Read(Err(end)) => {
                self.answer_produces().await?;
                return Err(Ended::Reading(end));
            }
            Next::Close => {
                self.answer_produces().await?;
                return Err(Ended::ToldToClose);
            }
        };
        if !is_produce(&frame) {
            self.answer_produces().await?;
            self.patience = None;
            let waits = only_waits(&frame);
            let answer = dispatch::answer(self.node, self.caller, frame);
            let answer = if waits {
                unless_told_to_close(self.node.env.clock(), &self.admission, answer).await?
            } else {
                answer.await
            };
            // Behind the answer, which may have seen the cluster without this node.
            if self.node.has_left() && !self.caller.is_controller_listener {
                return Err(Ended::Left);
            }
            return self.write(answer.map_err(Ended::Refused)?).await;
        }
        let bytes = frame.len();
        if !self.produces.has_room_for(bytes) {
            self.answer_produces().await?;
        }
        self.patience = None;
        match dispatch::begin_produce(self.node, self.caller, frame).await {
            Ok(begun) => {
                self.produces.push(begun, bytes);
                Ok(())
            }
            Err(close) => {
                self.answer_produces().await?;
                Err(Ended::Refused(close))
            }
        }
    }

    /// What comes next, and meanwhile answers produces. While its client is to be silent no frame is begun. But one that takes of the
    /// memory for the requests of all is not kept for the end of the silence: it is read and carried out, and counts like those before it.
    async fn answer_until_read<R: ConnectionReader>(
        &mut self,
        frames: &mut FrameReader<R, E::Clock>,
    ) -> Result<Next<Bytes>, Ended> {
        let begun = {
            let mut begin = pin!(frames.begin());
            loop {
                self.stay_muted().await?;
                match self.answer_or_read(begin.as_mut()).await? {
                    Some(Next::Read(Ok(begun))) => break begun,
                    Some(Next::Read(Err(end))) => return Ok(Next::Read(Err(end))),
                    Some(Next::Close) => return Ok(Next::Close),
                    None => {}
                }
            }
        };
        self.patience = begun.is_large().then_some(URGENT);
        let mut finish = pin!(frames.finish(begun));
        loop {
            if let Some(next) = self.answer_or_read(finish.as_mut()).await? {
                return Ok(next);
            }
        }
    }

    /// Goes on reading until that is done or a produce can be answered: then `None`.
    async fn answer_or_read<T>(
        &mut self,
        mut reading: Pin<&mut impl Future<Output = Result<T, End>>>,
    ) -> Result<Option<Next<T>>, Ended> {
        let next = poll_fn(|task| {
            if self.produces.poll_answered(task).is_ready() {
                Poll::Ready(None)
            } else if self.admission.must_close() {
                Poll::Ready(Some(Next::Close))
            } else if self.produces.has_room()
                && let Poll::Ready(read) = reading.as_mut().poll(task)
            {
                Poll::Ready(Some(Next::Read(read)))
            } else {
                let told = self.admission.poll_must_close(task);
                told.map(|()| Some(Next::Close))
            }
        });
        let next = next.await;
        if next.is_none() {
            self.answer_some().await?;
        }
        Ok(next)
    }

    /// No frame is begun while its client is to be silent. What was read before is answered first, whatever becomes of the connection.
    async fn stay_muted(&mut self) -> Result<(), Ended> {
        let clock = self.node.env.clock();
        if !self.caller.is_muted(clock) {
            return Ok(());
        }
        self.answer_produces().await?;
        let longest = self.node.options.max_idle.unwrap_or(Duration::MAX);
        stay_muted(clock, self.caller, &self.admission, longest).await
    }

    async fn answer_produces(&mut self) -> Result<(), Ended> {
        while !self.produces.is_empty() {
            poll_fn(|task| self.produces.poll_answered(task)).await;
            self.answer_some().await?;
        }
        Ok(())
    }

    /// The oldest produce can be answered.
    async fn answer_some(&mut self) -> Result<(), Ended> {
        let answered = self.produces.answer(self.node, self.caller);
        self.write(Some(answered.pieces)).await?;
        answered
            .close
            .map_or(Ok(()), |close| Err(Ended::Refused(close)))
    }

    async fn write(&mut self, answer: Option<Vec<Piece<FileOf<E>>>>) -> Result<(), Ended> {
        let clock = self.node.env.clock();
        if let Some(pieces) = answer.filter(|pieces| !pieces.is_empty()) {
            let max_idle = self.node.options.max_idle;
            let admission = &self.admission;
            let got_out = || admission.use_at(clock.monotonic());
            let written = answer_writer::write(&mut self.writer, clock, max_idle, pieces, got_out);
            let written = unless_told_to_close(clock, admission, written);
            let written = while_any_is_left(clock, &mut self.patience, written).await??;
            self.node.metrics.sent(written.map_err(Ended::Writing)?);
        }
        self.admission.use_at(clock.monotonic());
        Ok(())
    }

    /// A client that waits for an answer, or has had one just now, is not idle though it sends nothing.
    fn is_in_use(&self) -> bool {
        let since = self.node.env.clock().monotonic() - self.admission.last_used();
        !self.produces.is_empty() || self.node.options.max_idle.is_none_or(|idle| since < idle)
    }
}
