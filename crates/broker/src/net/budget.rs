use std::sync::Arc;

use event_listener::{Event, listener};
use parking_lot::Mutex;

/// A bound on the bytes of all requests that the node holds at once. A request that does not fit waits unread, so that its
/// client's socket fills up and the client slows down.
///
/// A frame is reserved for as it arrives, and so a frame half received may have to wait for room. Were that all, several of
/// them could wait for one another for ever. Therefore one reservation at a time may overdraw: it gets whatever it asks for
/// until it is dropped. Frames that wait hold still, the one that overdraws is received, answered and dropped, and then the
/// next one may. The overshoot is that one frame, which is bounded itself.
#[derive(Clone)]
pub(crate) struct MemoryBudget {
    shared: Arc<Shared>,
}

struct Shared {
    room: Mutex<Room>,
    returned: Event,
}

struct Room {
    /// Below zero while overdrawn.
    free: i64,
    is_overdrawing: bool,
}

/// Gives its bytes back when dropped.
pub(super) struct Reservation {
    budget: MemoryBudget,
    bytes: i64,
    overdraws: bool,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: i64) -> Self {
        assert!(bytes > 0, "a budget of nothing would stop every request");
        Self {
            shared: Arc::new(Shared {
                room: Mutex::new(Room {
                    free: bytes,
                    is_overdrawing: false,
                }),
                returned: Event::new(),
            }),
        }
    }

    /// A reservation of nothing yet.
    pub(super) fn open(&self) -> Reservation {
        Reservation {
            budget: self.clone(),
            bytes: 0,
            overdraws: false,
        }
    }
}

impl Reservation {
    /// Waits until the reservation is for `bytes` at least. Dropping the future leaves it as it was.
    pub(super) async fn grow_to(&mut self, bytes: usize) {
        let bytes = i64::try_from(bytes).expect("a frame is smaller than 2 GiB");
        let shared = Arc::clone(&self.budget.shared);
        while !self.try_grow_to(bytes) {
            listener!(shared.returned => returned);
            // Room may have come between the look and the listening.
            if self.try_grow_to(bytes) {
                return;
            }
            returned.await;
        }
    }

    fn try_grow_to(&mut self, bytes: i64) -> bool {
        let more = (bytes - self.bytes).max(0);
        let mut room = self.budget.shared.room.lock();
        if room.free < more && !self.overdraws {
            if room.is_overdrawing {
                return false;
            }
            room.is_overdrawing = true;
            self.overdraws = true;
        }
        room.free -= more;
        self.bytes += more;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        {
            let mut room = self.budget.shared.room.lock();
            room.free += self.bytes;
            if self.overdraws {
                room.is_overdrawing = false;
            }
        }
        self.budget.shared.returned.notify(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn grows(reservation: &mut Reservation, bytes: usize) -> bool {
        reservation.grow_to(bytes).now_or_never().is_some()
    }

    #[test]
    fn a_request_waits_until_there_is_room() {
        let budget = MemoryBudget::new(10);
        let [mut first, mut second, mut third] = [(); 3].map(|()| budget.open());
        assert!(grows(&mut first, 8));
        assert!(grows(&mut second, 5), "one may overdraw");
        {
            let mut waiting = Box::pin(third.grow_to(1));
            assert!(waiting.as_mut().now_or_never().is_none());
            drop(first);
            assert!(waiting.as_mut().now_or_never().is_some());
        }
    }

    #[test]
    fn of_frames_that_wait_for_one_another_one_comes_through() {
        let budget = MemoryBudget::new(10);
        let [mut first, mut second] = [(); 2].map(|()| budget.open());
        assert!(grows(&mut first, 5) && grows(&mut second, 5));
        assert!(grows(&mut first, 20));
        assert!(!grows(&mut second, 20));
        assert!(grows(&mut first, 100), "it may finish what it began");
        drop(first);
        assert!(grows(&mut second, 20), "its turn");
    }
}
