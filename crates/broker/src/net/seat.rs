use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::AtomicWaker;
use ottla_model::Monotonic;

/// What the limits know of a connection, and it of them.
pub(super) struct Seat {
    /// Nanoseconds of monotonic time.
    last_used: AtomicU64,
    must_close: AtomicBool,
    closer: AtomicWaker,
}

impl Seat {
    pub(super) fn new(now: Monotonic) -> Self {
        let seat = Self {
            last_used: AtomicU64::new(0),
            must_close: AtomicBool::new(false),
            closer: AtomicWaker::new(),
        };
        seat.use_at(now);
        seat
    }

    pub(super) fn last_used(&self) -> Monotonic {
        Monotonic(Duration::from_nanos(self.last_used.load(Ordering::Relaxed)))
    }

    pub(super) fn use_at(&self, now: Monotonic) {
        let now = u64::try_from(now.0.as_nanos()).unwrap_or(u64::MAX);
        self.last_used.store(now, Ordering::Relaxed);
    }

    pub(super) fn tell_to_close(&self) {
        self.must_close.store(true, Ordering::Release);
        self.closer.wake();
    }

    pub(super) fn must_close(&self) -> bool {
        self.must_close.load(Ordering::Acquire)
    }

    /// Ready once it is told to close. Costs more than to ask whether it is.
    pub(super) fn poll_must_close(&self, task: &Context<'_>) -> Poll<()> {
        // First, or what is told between the two would wake nobody.
        self.closer.register(task.waker());
        match self.must_close() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}
