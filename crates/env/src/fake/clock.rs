use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ottla_model::{Monotonic, Timestamp};
use parking_lot::Mutex;

use crate::Clock;

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    wall: Timestamp,
    monotonic: Monotonic,
    /// By deadline, and then in the order in which they went to sleep.
    sleepers: BTreeMap<(Monotonic, u64), Waker>,
    next_sleeper: u64,
}

impl ManualClock {
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                wall,
                monotonic: Monotonic::default(),
                sleepers: BTreeMap::new(),
                next_sleeper: 0,
            })),
        }
    }

    /// Lets time pass and wakes who waited for that.
    pub fn advance(&self, by: Duration) {
        let due: Vec<Waker> = {
            let mut state = self.state.lock();
            state.monotonic = state.monotonic + by;
            state.wall = Timestamp(
                state.wall.0
                    + i64::try_from(by.as_millis()).expect("a test does not outlast the calendar"),
            );
            let now = state.monotonic;
            let later = state.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.sleepers, later)
                .into_values()
                .collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// Somebody sets the date: forward, or back where `by_ms` is negative. Nobody's waiting is shorter or longer for that.
    pub fn set_date(&self, by_ms: i64) {
        let mut state = self.state.lock();
        state.wall = Timestamp(state.wall.0 + by_ms);
    }

    /// The earliest moment somebody waits for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let state = self.state.lock();
        let first = state.sleepers.first_key_value();
        first.map(|((deadline, _), _)| *deadline)
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        self.state.lock().wall
    }

    fn monotonic(&self) -> Monotonic {
        self.state.lock().monotonic
    }

    fn sleep_until(&self, deadline: Monotonic) -> impl Future<Output = ()> + Send {
        let mut state = self.state.lock();
        let number = state.next_sleeper;
        state.next_sleeper += 1;
        Sleep {
            state: Arc::clone(&self.state),
            sleeper: (deadline, number),
        }
    }
}

struct Sleep {
    state: Arc<Mutex<State>>,
    sleeper: (Monotonic, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.monotonic >= self.sleeper.0 {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.sleeper, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        // Given up: time must not stop for it any more.
        let waker = self.state.lock().sleepers.remove(&self.sleeper);
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[test]
    fn a_sleeper_is_ready_when_its_time_has_come() {
        let clock = ManualClock::new(Timestamp(1_000));
        let mut sleep = pin!(clock.sleep(Duration::from_millis(5)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(
            clock.next_deadline(),
            Some(Monotonic(Duration::from_millis(5)))
        );
        clock.advance(Duration::from_millis(4));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_millis(1));
        assert!(sleep.as_mut().poll(&mut context).is_ready());
        assert_eq!(clock.wall(), Timestamp(1_005));
    }

    #[test]
    fn another_date_wakes_nobody() {
        let clock = ManualClock::new(Timestamp(1_000));
        let mut sleep = pin!(clock.sleep(Duration::from_millis(5)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        clock.set_date(60_000);
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        clock.set_date(-120_000);
        clock.advance(Duration::from_millis(5));
        assert!(sleep.as_mut().poll(&mut context).is_ready());
        assert_eq!(clock.wall(), Timestamp(1_000 - 60_000 + 5));
    }

    #[test]
    fn nobody_waits_for_a_sleep_that_was_given_up() {
        let clock = ManualClock::new(Timestamp(0));
        let mut sleep = Box::pin(clock.sleep(Duration::from_millis(5)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        drop(sleep);
        assert_eq!(clock.next_deadline(), None);
    }
}
