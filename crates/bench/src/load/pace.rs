use std::time::Duration;

use ottla_model::Monotonic;

/// When the requests of one connection are due.
///
/// In an open loop they are due at a fixed rate, whatever the broker does: one that is late because the broker was slow counts
/// from when it was due, so that a stall shows in every request that it held up and not in one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As soon as there is room.
    AsFast,
    At {
        next: Monotonic,
        every: Duration,
    },
}

impl Pace {
    /// `rate` is in records a second for all the connections together; each gets its share, and begins a little after the one
    /// before it.
    pub(super) fn new(
        rate: Option<f64>,
        records_per_request: u64,
        connection: usize,
        connections: usize,
        start: Monotonic,
    ) -> Self {
        let Some(rate) = rate else {
            return Self::AsFast;
        };
        let between_all = records_per_request as f64 / rate;
        let every = Duration::from_secs_f64(between_all * connections as f64);
        let offset = Duration::from_secs_f64(between_all * connection as f64);
        Self::At {
            next: start + offset,
            every,
        }
    }

    /// Zero when one is due now.
    pub(super) fn wait(&self, now: Monotonic) -> Duration {
        match self {
            Self::AsFast => Duration::ZERO,
            Self::At { next, .. } => *next - now,
        }
    }

    /// Takes the request that is due: from when its latency counts.
    pub(super) fn take(&mut self, now: Monotonic) -> Monotonic {
        match self {
            Self::AsFast => now,
            Self::At { next, every } => {
                let due = *next;
                *next = due + *every;
                due
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic(Duration::from_millis(milliseconds))
    }

    #[test]
    fn connections_share_a_rate_and_take_turns() {
        // 1,000 records a second, 10 to a request: a request every 10 ms, every 40 ms on each of four connections.
        let mut pace = Pace::new(Some(1000.0), 10, 3, 4, at(500));
        assert_eq!(pace.wait(at(500)), Duration::from_millis(30));
        assert_eq!(pace.take(at(530)), at(530));
        assert_eq!(pace.wait(at(530)), Duration::from_millis(40));
    }

    #[test]
    fn what_was_held_up_counts_from_when_it_was_due() {
        let mut pace = Pace::new(Some(100.0), 1, 0, 1, at(0));
        let held_up = at(1000);
        assert_eq!(pace.take(held_up), at(0));
        assert_eq!(pace.wait(held_up), Duration::ZERO);
        assert_eq!(pace.take(held_up), at(10));
    }

    #[test]
    fn without_a_rate_a_request_is_always_due() {
        let mut pace = Pace::new(None, 10, 0, 1, at(0));
        assert_eq!(pace.take(at(7)), at(7));
        assert_eq!(pace.wait(at(7)), Duration::ZERO);
    }
}
