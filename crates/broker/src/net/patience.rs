//! How long a connection waits for a client to take its answers.

use std::future::poll_fn;
use std::io::{Error, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use ottla_env::Clock;

use super::connection::Ended;
use super::role_limits::Admission;

/// How long a connection that is told to close may take for what is left to do for its client.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long a client may take for its part while others wait for the memory that it holds: clients give a request up after as long by
/// themselves.
pub(super) const URGENT: Duration = Duration::from_secs(30);

/// Waits for something to be done, but not for long once the connection is told to close.
///
/// # Errors
/// [`Ended::ToldToClose`] where it was.
pub(super) async fn unless_told_to_close<F: Future>(
    clock: &impl Clock,
    admission: &Admission,
    done: F,
) -> Result<F::Output, Ended> {
    let patience = async {
        poll_fn(|task| admission.poll_must_close(task)).await;
        clock.sleep(LAST_WORDS).await;
    };
    match select(pin!(done), pin!(patience)).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(Ended::ToldToClose),
    }
}

/// Waits for a client to take an answer for no longer than `left`, of which it takes away what that has lasted. Without it, for as long as it
/// lasts.
///
/// # Errors
/// [`Ended::Writing`] where the client has not taken it by then.
pub(super) async fn while_any_is_left<F: Future>(
    clock: &impl Clock,
    left: &mut Option<Duration>,
    taken: F,
) -> Result<F::Output, Ended> {
    let Some(left) = left else {
        return Ok(taken.await);
    };
    let begun = clock.monotonic();
    let output = match select(pin!(taken), pin!(clock.sleep(*left))).await {
        Either::Left((output, _)) => output,
        Either::Right(_) => {
            let message =
                "the client takes no answers while others wait for the memory of its request";
            return Err(Ended::Writing(Error::new(ErrorKind::TimedOut, message)));
        }
    };
    *left = left.saturating_sub(clock.monotonic() - begun);
    Ok(output)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures::FutureExt;
    use ottla_config::{Adjustable, ServerConfig};
    use ottla_env::fake::ManualClock;
    use ottla_model::Timestamp;

    use super::super::limits::ConnectionLimits;
    use super::*;

    #[test]
    fn one_that_is_told_to_close_has_some_seconds_for_what_is_left() {
        let clock = ManualClock::new(Timestamp(0));
        let config = ServerConfig::of_default_node("data");
        let mut bounds = Adjustable::of(config.settings()).connections;
        let limits = ConnectionLimits::new(&config, bounds.clone());
        let listener = limits.of("PLAINTEXT");
        let admission = listener.admit(IpAddr::V4(Ipv4Addr::LOCALHOST), clock.monotonic());
        let admission = admission.expect("it is the first");
        let taken = clock.sleep(LAST_WORDS * 9);
        let mut writing = pin!(unless_told_to_close(&clock, &admission, taken));
        assert!(writing.as_mut().now_or_never().is_none());
        clock.advance(LAST_WORDS);
        assert!(writing.as_mut().now_or_never().is_none());
        bounds.max = 0;
        limits.set(bounds);
        assert!(writing.as_mut().now_or_never().is_none());
        clock.advance(LAST_WORDS);
        let end = writing.as_mut().now_or_never();
        assert!(matches!(end, Some(Err(Ended::ToldToClose))));
        let in_time = pin!(unless_told_to_close(&clock, &admission, async {}));
        assert!(matches!(in_time.now_or_never(), Some(Ok(()))));
    }

    #[test]
    fn all_answers_that_a_client_is_to_take_share_the_patience() {
        let clock = ManualClock::new(Timestamp(0));
        let mut left = Some(URGENT);
        {
            let taken = clock.sleep(URGENT / 3 * 2);
            let mut first = pin!(while_any_is_left(&clock, &mut left, taken));
            assert!(first.as_mut().now_or_never().is_none());
            clock.advance(URGENT / 3 * 2);
            assert!(matches!(first.as_mut().now_or_never(), Some(Ok(()))));
        }
        assert_eq!(left, Some(URGENT / 3));
        {
            let mut second = pin!(while_any_is_left(&clock, &mut left, clock.sleep(URGENT)));
            assert!(second.as_mut().now_or_never().is_none());
            clock.advance(URGENT / 3);
            let end = second.as_mut().now_or_never();
            assert!(matches!(end, Some(Err(Ended::Writing(_)))));
        }
        let mut none = None;
        let mut unbounded = pin!(while_any_is_left(
            &clock,
            &mut none,
            clock.sleep(URGENT * 9)
        ));
        assert!(unbounded.as_mut().now_or_never().is_none());
        clock.advance(URGENT * 9);
        assert!(matches!(unbounded.as_mut().now_or_never(), Some(Ok(()))));
    }
}
