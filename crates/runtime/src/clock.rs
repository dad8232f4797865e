use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ottla_env::Clock;
use ottla_model::{Monotonic, Timestamp};

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct RealClock {
    /// What [`Monotonic`] counts from.
    origin: Instant,
}

impl RealClock {
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock that the others take time from"
    )]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock that the others take time from"
    )]
    fn wall(&self) -> Timestamp {
        to_timestamp(SystemTime::now())
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.origin.elapsed())
    }

    async fn sleep_until(&self, deadline: Monotonic) {
        match self.origin.checked_add(deadline.0) {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            // Beyond what the clock can tell: never.
            None => std::future::pending().await,
        }
    }
}

/// Milliseconds since 1970, negative before.
pub(crate) fn to_timestamp(time: SystemTime) -> Timestamp {
    let milliseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp(milliseconds)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_date_before_1970_is_negative() {
        assert_eq!(
            to_timestamp(UNIX_EPOCH + Duration::from_millis(7)),
            Timestamp(7)
        );
        assert_eq!(
            to_timestamp(UNIX_EPOCH - Duration::from_millis(7)),
            Timestamp(-7)
        );
    }

    #[tokio::test]
    async fn a_deadline_that_has_passed_is_ready() {
        let clock = RealClock::new();
        clock.sleep_until(Monotonic::default()).await;
        let before = clock.monotonic();
        clock.sleep(Duration::from_millis(2)).await;
        assert!(clock.monotonic() - before >= Duration::from_millis(2));
    }
}
