//! Connections that are silent because their client has used more than its quota (KIP-219).

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use ottla_env::Clock;

use super::connection::Ended;
use super::frame_reader::End;
use super::role_limits::Admission;
use crate::request::Caller;

/// Whoever has used more than its quota is answered, and then not heard for a while. One that would be silent for longer than a
/// connection may be idle, `longest`, is let go: perhaps nobody is there any more. The silence ends when
/// the connection is told to close, for which what is still to be answered is answered first.
pub(super) async fn stay_muted(
    clock: &impl Clock,
    caller: &Caller,
    admission: &Admission,
    longest: Duration,
) -> Result<(), Ended> {
    let Some(until) = caller.muted_until() else {
        return Ok(());
    };
    let now = clock.monotonic();
    if until <= now {
        return Ok(());
    }
    let silence = pin!(clock.sleep((until - now).min(longest)));
    let told = pin!(poll_fn(|task| admission.poll_must_close(task)));
    if let Either::Right(_) = select(silence, told).await {
        return Ok(());
    }
    admission.use_at(clock.monotonic());
    match until - now > longest {
        true => Err(Ended::Reading(End::Idle)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use ottla_config::{Adjustable, ServerConfig};
    use ottla_env::fake::ManualClock;
    use ottla_model::{Monotonic, Timestamp};

    use super::super::bound::BoundListener;
    use super::super::limits::ConnectionLimits;
    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    struct Muted {
        clock: ManualClock,
        limits: Arc<ConnectionLimits>,
        config: ServerConfig,
        caller: Caller,
        admission: Admission,
    }

    fn connection() -> Muted {
        let config = ServerConfig::of_default_node("data");
        let bounds = Adjustable::of(config.settings()).connections;
        let limits = ConnectionLimits::new(&config, bounds);
        let address = SocketAddr::from(([127, 0, 0, 1], 9092));
        let listener = BoundListener {
            name: "PLAINTEXT".into(),
            address,
            is_controller: false,
        };
        let now = Monotonic::default();
        let admission = limits.of("PLAINTEXT").admit(address.ip(), now);
        Muted {
            clock: ManualClock::new(Timestamp(0)),
            caller: Caller::anonymous(&listener, address, address),
            admission: admission.expect("it is the first"),
            limits,
            config,
        }
    }

    impl Muted {
        /// What comes of it at each of these moments, in seconds of the silence.
        fn follow(&self, moments: &[u64]) -> Vec<Option<Result<(), Ended>>> {
            let Self { clock, caller, .. } = self;
            let mut silence = pin!(stay_muted(clock, caller, &self.admission, IDLE));
            let begin = clock.monotonic();
            let mut found = Vec::new();
            for moment in moments {
                clock.advance(begin + Duration::from_secs(*moment) - clock.monotonic());
                let mut task = Context::from_waker(Waker::noop());
                match silence.as_mut().poll(&mut task) {
                    Poll::Pending => found.push(None),
                    Poll::Ready(outcome) => {
                        found.push(Some(outcome));
                        break;
                    }
                }
            }
            found
        }

        fn tell_to_close(&self) {
            let mut bounds = Adjustable::of(self.config.settings()).connections;
            bounds.max = 0;
            self.limits.set(bounds);
        }

        fn mute(&self, seconds: u64) -> i32 {
            let now = self.clock.monotonic();
            self.caller.mute(Duration::from_secs(seconds), now)
        }
    }

    #[test]
    fn a_connection_is_heard_again_when_the_time_that_its_client_was_told_is_over() {
        let muted = connection();
        assert!(matches!(muted.follow(&[0])[..], [Some(Ok(()))]));
        assert_eq!(muted.mute(5), 5000);
        // A shorter time does not make that one shorter.
        muted.mute(2);
        assert!(matches!(
            muted.follow(&[0, 2, 4, 5])[..],
            [None, None, None, Some(Ok(()))]
        ));
        assert_eq!(muted.admission.last_used(), muted.clock.monotonic());
        assert!(matches!(muted.follow(&[0])[..], [Some(Ok(()))]));
    }

    #[test]
    fn one_that_would_be_silent_for_longer_than_it_may_be_idle_is_let_go_by_then() {
        let muted = connection();
        muted.mute(61);
        let found = muted.follow(&[0, 59, 60]);
        assert!(matches!(
            found[..],
            [None, None, Some(Err(Ended::Reading(End::Idle)))]
        ));
    }

    #[test]
    fn one_that_is_silent_goes_on_at_once_when_it_is_told_to_close() {
        for seconds in [5, 61] {
            let muted = connection();
            muted.mute(seconds);
            muted.tell_to_close();
            assert!(matches!(muted.follow(&[0])[..], [Some(Ok(()))]));
        }
    }
}
