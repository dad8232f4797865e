//! The produces of one connection that are with their lanes, in the order of their answers.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use ottla_env::{Env, Piece};

use crate::FileOf;
use crate::alarm::Alarm;
use crate::api::produce::Begun;
use crate::dispatch::Close;
use crate::node::Node;
use crate::request::Caller;

/// Frames of one connection that wait at once. What lanes find waiting they write together; but what is more than the processor's cache
/// holds would have left it by then.
const MAX_BYTES: usize = 2 << 20;
/// The same where they are small.
const MAX_REQUESTS: usize = 64;

pub(super) struct Produces<E: Env> {
    waiting: VecDeque<Waiting<E>>,
    bytes: usize,
    alarm: Alarm<E::Clock>,
}

struct Waiting<E: Env> {
    begun: Begun<E>,
    bytes: usize,
}

/// What goes out, and whether the connection is of use after that.
pub(super) struct Answered<E: Env> {
    pub(super) pieces: Vec<Piece<FileOf<E>>>,
    pub(super) close: Option<Close>,
}

impl<E: Env> Produces<E> {
    pub(super) fn new(clock: E::Clock) -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            alarm: Alarm::new(clock),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether another may be read. It may be large: see [`Self::has_room_for`].
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_REQUESTS && self.bytes < MAX_BYTES
    }

    /// Whether a produce of so many bytes may begin before the others are answered. One that is large takes long to check.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.is_empty() || bytes <= MAX_BYTES
    }

    pub(super) fn push(&mut self, begun: Begun<E>, bytes: usize) {
        self.bytes += bytes;
        self.waiting.push_back(Waiting { begun, bytes });
    }

    /// Ready when the oldest can be answered: it is complete, or its time is up.
    pub(super) fn poll_answered(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let Some(Waiting { begun, .. }) = self.waiting.front() else {
            return Poll::Pending;
        };
        if begun.poll_complete(task).is_ready() {
            return Poll::Ready(());
        }
        self.alarm.poll_passed(begun.deadline(), task)
    }

    /// Answers the oldest, of which [`Self::poll_answered`] has told, and those behind it that are complete.
    pub(super) fn answer(&mut self, node: &Node<E>, caller: &Caller) -> Answered<E> {
        let mut answered = Answered {
            pieces: Vec::new(),
            close: None,
        };
        let mut next = self.waiting.pop_front();
        while let Some(Waiting { begun, bytes }) = next {
            self.bytes -= bytes;
            match begun.answer(node, caller) {
                Ok(pieces) => answered.pieces.extend(pieces.into_iter().flatten()),
                Err(close) => {
                    answered.close = Some(close);
                    break;
                }
            }
            next = self.waiting.pop_front_if(|next| next.begun.is_complete());
        }
        answered
    }
}
