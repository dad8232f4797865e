//! What others ask of the controller, and how long they wait for their turn.

use std::pin::pin;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use ottla_controller::{Reply, Request};
use ottla_env::Clock;
use ottla_model::ErrorCode;

use super::Quorum;
use super::worker::Job;

/// What the controller is asked.
pub(super) struct Question {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Reply>,
    /// Hears that it is being carried out. Where that goes to nobody who asked has given up, and it is not.
    pub(super) begun: Option<oneshot::Sender<()>>,
}

impl Quorum {
    /// The controller's reply, once its records are committed. While nobody leads the quorum the question waits.
    ///
    /// # Errors
    /// NOT_CONTROLLER when the controller has stopped.
    pub(crate) async fn ask(&self, request: Request) -> Result<Reply, ErrorCode> {
        let answer = self.put(request, None);
        answer.await.map_err(|_| ErrorCode::NotController)
    }

    /// The same for whoever waits no more than so many milliseconds for his turn. What is begun by then is waited for until it is done,
    /// as Apache's controller has it: whoever is told that his time is over knows that nothing was done.
    ///
    /// # Errors
    /// As [`ask`](Self::ask). REQUEST_TIMED_OUT when the time is over, as it is from the first for one of nothing.
    pub(crate) async fn ask_within(
        &self,
        clock: &impl Clock,
        timeout_ms: i32,
        request: Request,
    ) -> Result<Reply, ErrorCode> {
        let timeout = u64::try_from(timeout_ms).map_or(Duration::ZERO, Duration::from_millis);
        if timeout.is_zero() {
            return Err(ErrorCode::RequestTimedOut);
        }
        let (begun, mut begins) = oneshot::channel();
        let answer = self.put(request, Some(begun));
        if let Either::Right(_) = select(&mut begins, pin!(clock.sleep(timeout))).await {
            // From here on it has begun or never will.
            begins.close();
            if !matches!(begins.try_recv(), Ok(Some(()))) {
                return Err(ErrorCode::RequestTimedOut);
            }
        }
        answer.await.map_err(|_| ErrorCode::NotController)
    }

    fn put(
        &self,
        request: Request,
        begun: Option<oneshot::Sender<()>>,
    ) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        let question = Question {
            request,
            reply,
            begun,
        };
        // A job for a controller that has stopped is dropped, and its reply with it.
        let _ = self.jobs.unbounded_send(Job::Ask(question));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;
    use futures::channel::mpsc;
    use ottla_env::fake::ManualClock;
    use ottla_model::Timestamp;

    use super::*;

    /// A quorum whose questions nobody takes but the test.
    fn quorum() -> (Quorum, impl FnMut() -> Question) {
        let (jobs, mut inbox) = mpsc::unbounded();
        let quorum = Quorum {
            jobs,
            leadership: Arc::default(),
        };
        let take = move || match inbox.try_recv() {
            Ok(Job::Ask(question)) => question,
            _ => panic!("something is asked"),
        };
        (quorum, take)
    }

    fn begin(question: &mut Question) -> Result<(), ()> {
        question.begun.take().expect("it has a time").send(())
    }

    #[test]
    fn who_has_given_up_is_told_so_and_nothing_is_done() {
        let (clock, (quorum, mut take)) = (ManualClock::new(Timestamp(0)), quorum());
        let timed_out = Err(ErrorCode::RequestTimedOut);
        for timeout_ms in [0, -1] {
            let asked = quorum.ask_within(&clock, timeout_ms, Request::Activate);
            assert_eq!(asked.now_or_never(), Some(timed_out.clone()));
        }
        let mut asked = pin!(quorum.ask_within(&clock, 5, Request::Activate));
        assert_eq!(asked.as_mut().now_or_never(), None);
        clock.advance(Duration::from_millis(5));
        assert_eq!(asked.now_or_never(), Some(timed_out));
        assert_eq!(begin(&mut take()), Err(()));
    }

    #[test]
    fn what_is_begun_in_time_is_waited_for() {
        let (clock, (quorum, mut take)) = (ManualClock::new(Timestamp(0)), quorum());
        let mut asked = pin!(quorum.ask_within(&clock, 5, Request::Activate));
        assert_eq!(asked.as_mut().now_or_never(), None);
        let mut question = take();
        assert_eq!(begin(&mut question), Ok(()));
        clock.advance(Duration::from_millis(5));
        assert_eq!(asked.as_mut().now_or_never(), None);
        question.reply.send(Reply::Done).expect("he waits");
        assert_eq!(asked.now_or_never(), Some(Ok(Reply::Done)));
    }
}
