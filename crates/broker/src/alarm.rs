//! Deadlines that nearly always move before they pass.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ottla_env::Clock;
use ottla_model::Monotonic;

/// One timer for the deadlines of one loop. Each of them is later than the one before, as a rule, and passes hardly ever: the timer stays
/// where it is, and when it goes off it is set to the deadline of then.
pub(crate) struct Alarm<C> {
    clock: C,
    timer: Option<Timer>,
}

struct Timer {
    at: Monotonic,
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<C: Clock> Alarm<C> {
    pub(crate) fn new(clock: C) -> Self {
        Self { clock, timer: None }
    }

    /// Ready when `deadline` has passed.
    pub(crate) fn poll_passed(&mut self, deadline: Monotonic, task: &mut Context<'_>) -> Poll<()> {
        loop {
            let timer = match &mut self.timer {
                Some(timer) if timer.at <= deadline => timer,
                late_or_none => late_or_none.insert(Timer::new(self.clock.clone(), deadline)),
            };
            if timer.sleep.as_mut().poll(task).is_pending() {
                return Poll::Pending;
            }
            let was_due = timer.at == deadline;
            self.timer = None;
            if was_due {
                return Poll::Ready(());
            }
        }
    }

    /// What `work` gives, or `None` if that takes until after `deadline`.
    pub(crate) async fn before<F: Future>(
        &mut self,
        deadline: Monotonic,
        work: F,
    ) -> Option<F::Output> {
        let mut work = pin!(work);
        poll_fn(|task| match work.as_mut().poll(task) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.poll_passed(deadline, task).map(|()| None),
        })
        .await
    }
}

impl Timer {
    fn new<C: Clock>(clock: C, at: Monotonic) -> Self {
        Self {
            at,
            sleep: Box::pin(async move { clock.sleep_until(at).await }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::task::noop_waker_ref;
    use ottla_env::fake::ManualClock;
    use ottla_model::Timestamp;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_deadline_that_moves_passes_when_it_is_due() {
        let clock = ManualClock::new(Timestamp(0));
        let begun = clock.monotonic();
        let mut alarm = Alarm::new(clock.clone());
        let passes = |alarm: &mut Alarm<ManualClock>, after: u32| {
            let mut task = Context::from_waker(noop_waker_ref());
            alarm
                .poll_passed(begun + SECOND * after, &mut task)
                .is_ready()
        };
        assert!(!passes(&mut alarm, 5));
        assert!(!passes(&mut alarm, 9));
        clock.advance(SECOND * 6);
        assert!(
            !passes(&mut alarm, 9),
            "the timer went off for an earlier one"
        );
        assert!(passes(&mut alarm, 4), "a deadline may be earlier, too");
        assert!(!passes(&mut alarm, 9));
        clock.advance(SECOND * 3);
        assert!(passes(&mut alarm, 9));
    }

    #[test]
    fn work_that_is_done_in_time_sets_no_timer() {
        let clock = ManualClock::new(Timestamp(0));
        let deadline = clock.monotonic();
        let mut alarm = Alarm::new(clock);
        let done = alarm.before(deadline, async { 7 }).now_or_never();
        assert_eq!(done, Some(Some(7)));
        assert!(alarm.timer.is_none());
        let late = alarm.before(deadline, std::future::pending::<()>());
        assert_eq!(late.now_or_never(), Some(None));
    }
}
