use std::sync::Arc;

use event_listener::{Event, listener};
use parking_lot::Mutex;

use super::spare_buffers::SpareBuffers;

/// Of the budget, this part is kept for small requests: a few large ones that come slowly must not stop everybody.
const SMALL_SHARE: i64 = 4;

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
    spare_buffers: SpareBuffers,
    kept_for_small: i64,
    room: Mutex<Room>,
    returned: Event,
}

struct Room {
    free: i64,
    is_overdrawing: bool,
}

/// Gives its bytes back when dropped.
pub(super) struct Reservation {
    budget: MemoryBudget,
    /// What it leaves to others.
    keeps: i64,
    bytes: i64,
    overdraws: bool,
    /// Beside the budget.
    overdrawn: i64,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: i64) -> Self {
        assert!(bytes > 0, "a budget of nothing would stop every request");
        Self {
            shared: Arc::new(Shared {
                spare_buffers: SpareBuffers::default(),
                kept_for_small: bytes / SMALL_SHARE,
                room: Mutex::new(Room {
                    free: bytes,
                    is_overdrawing: false,
                }),
                returned: Event::new(),
            }),
        }
    }

    pub(super) fn spare_buffers(&self) -> SpareBuffers {
        self.shared.spare_buffers.clone()
    }

    /// A reservation of nothing yet, for a frame that grows.
    pub(super) fn open(&self) -> Reservation {
        self.open_beside(self.shared.kept_for_small)
    }

    /// A reservation of nothing yet, for a small frame.
    pub(super) fn open_small(&self) -> Reservation {
        self.open_beside(0)
    }

    fn open_beside(&self, keeps: i64) -> Reservation {
        Reservation {
            budget: self.clone(),
            keeps,
            bytes: 0,
            overdraws: false,
            overdrawn: 0,
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

    /// Whether others may be waiting for this one.
    pub(super) fn overdraws(&self) -> bool {
        self.overdraws
    }

    fn try_grow_to(&mut self, bytes: i64) -> bool {
        let more = (bytes - self.bytes - self.overdrawn).max(0);
        let mut room = self.budget.shared.room.lock();
        if room.free - self.keeps >= more {
            room.free -= more;
            self.bytes += more;
            return true;
        }
        if !self.overdraws && room.is_overdrawing {
            return false;
        }
        room.is_overdrawing = true;
        self.overdraws = true;
        self.overdrawn += more;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes == 0 && !self.overdraws {
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
        let budget = MemoryBudget::new(12);
        let [mut first, mut second, mut third] = [(); 3].map(|()| budget.open());
        assert!(grows(&mut first, 8));
        assert!(grows(&mut second, 5), "one may overdraw");
        {
            let mut waiting = Box::pin(third.grow_to(2));
            assert!(waiting.as_mut().now_or_never().is_none());
            drop(first);
            assert!(waiting.as_mut().now_or_never().is_some());
        }
    }

    #[test]
    fn of_frames_that_wait_for_one_another_one_comes_through() {
        let budget = MemoryBudget::new(12);
        let [mut first, mut second] = [(); 2].map(|()| budget.open());
        assert!(grows(&mut first, 5) && grows(&mut second, 4));
        assert!(grows(&mut first, 20) && first.overdraws());
        assert!(!grows(&mut second, 20));
        assert!(grows(&mut first, 100), "it may finish what it began");
        drop(first);
        assert!(grows(&mut second, 20), "its turn");
    }

    #[test]
    fn large_frames_leave_room_for_small_ones() {
        let budget = MemoryBudget::new(12);
        let [mut first, mut second, mut third] = [(); 3].map(|()| budget.open());
        assert!(grows(&mut first, 9) && grows(&mut second, 100));
        assert!(!grows(&mut third, 1));
        let [mut fourth, mut fifth] = [(); 2].map(|()| budget.open_small());
        assert!(grows(&mut fourth, 3));
        assert!(!grows(&mut fifth, 1));
        drop(fourth);
        assert!(grows(&mut fifth, 1));
    }
}
