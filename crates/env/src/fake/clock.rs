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
    sleepers: Vec<(Monotonic, Waker)>,
}

impl ManualClock {
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                wall,
                monotonic: Monotonic::default(),
                sleepers: Vec::new(),
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
            let (due, later) = state
                .sleepers
                .drain(..)
                .partition(|(deadline, _)| *deadline <= now);
            state.sleepers = later;
            due.into_iter()
                .map(|(_, waker): (Monotonic, Waker)| waker)
                .collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// Sets the date, as an operator or NTP would; nobody wakes from that.
    pub fn set_wall(&self, wall: Timestamp) {
        self.state.lock().wall = wall;
    }

    /// The earliest moment somebody waits for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.state
            .lock()
            .sleepers
            .iter()
            .map(|(deadline, _)| *deadline)
            .min()
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
        Sleep {
            state: Arc::clone(&self.state),
            deadline,
        }
    }
}

struct Sleep {
    state: Arc<Mutex<State>>,
    deadline: Monotonic,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.monotonic >= self.deadline {
            return Poll::Ready(());
        }
        let known = state
            .sleepers
            .iter()
            .any(|(at, waker)| *at == self.deadline && waker.will_wake(context.waker()));
        if !known {
            let sleeper = (self.deadline, context.waker().clone());
            state.sleepers.push(sleeper);
        }
        Poll::Pending
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
}
