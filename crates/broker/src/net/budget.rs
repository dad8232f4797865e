use std::sync::atomic::{AtomicI64, Ordering};

use event_listener::{Event, listener};

/// A bound on the bytes of all requests that the node holds at once. A request that does not fit waits unread, so that its
/// client's socket fills up and the client slows down.
///
/// One request is let in whenever any room is left, however large it is: a bound below the largest frame would otherwise
/// stop it forever. The overshoot is one frame per connection at most, and each frame is bounded itself.
pub(crate) struct MemoryBudget {
    free: AtomicI64,
    returned: Event,
}

/// Gives its bytes back when dropped.
pub(crate) struct Reservation<'a> {
    budget: &'a MemoryBudget,
    bytes: i64,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: i64) -> Self {
        assert!(bytes > 0, "a budget of nothing would stop every request");
        Self {
            free: AtomicI64::new(bytes),
            returned: Event::new(),
        }
    }

    pub(crate) async fn reserve(&self, bytes: usize) -> Reservation<'_> {
        let bytes = i64::try_from(bytes).expect("a frame is smaller than 2 GiB");
        loop {
            if let Some(reservation) = self.try_reserve(bytes) {
                return reservation;
            }
            listener!(self.returned => returned);
            // Room may have come between the look and the listening.
            if let Some(reservation) = self.try_reserve(bytes) {
                return reservation;
            }
            returned.await;
        }
    }

    fn try_reserve(&self, bytes: i64) -> Option<Reservation<'_>> {
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| {
                (free > 0).then(|| free - bytes)
            })
            .ok()
            .map(|_| Reservation {
                budget: self,
                bytes,
            })
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.bytes, Ordering::AcqRel);
        self.budget.returned.notify(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_request_waits_until_there_is_room() {
        let budget = MemoryBudget::new(10);
        let first = budget
            .reserve(25)
            .now_or_never()
            .expect("any request fits while there is room at all");
        let mut second = Box::pin(budget.reserve(1));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
    }
}
