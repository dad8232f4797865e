use std::collections::VecDeque;
use std::time::Duration;

use ottla_model::Monotonic;

/// Over what a rate is taken: so many windows of that length, the one that is being filled among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// At least 1.
    pub count: usize,
    /// More than 0.
    pub length: Duration,
}

impl Windows {
    /// What has been for so long is forgotten.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.length * u32::try_from(self.count).unwrap_or(u32::MAX)
    }
}

/// How much there was a second, as Apache's `Rate` counts it: in windows that begin with what they count, over at least all full windows.
/// So a client may begin with as much as its quota is in all of them.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The beginning of each window and what was counted in it, the oldest first.
    windows: VecDeque<(Monotonic, f64)>,
}

impl Rate {
    #[must_use]
    pub fn new() -> Self {
        Self {
            windows: VecDeque::new(),
        }
    }

    pub fn record(&mut self, value: f64, now: Monotonic, over: Windows) {
        self.forget(now, over);
        match self.windows.back_mut() {
            Some((began, sum)) if now - *began < over.length => *sum += value,
            _ => self.windows.push_back((now, value)),
        }
        while self.windows.len() > over.count {
            self.windows.pop_front();
        }
    }

    /// How long to be silent for the rate to be `bound` a second again; zero where it is not more.
    pub fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration {
        self.forget(now, over);
        let Some((oldest, _)) = self.windows.front() else {
            return Duration::ZERO;
        };
        let elapsed = now - *oldest;
        let full = elapsed.as_nanos() / over.length.as_nanos();
        let missing = (over.count as u128 - 1).saturating_sub(full);
        let missing = over.length * u32::try_from(missing).unwrap_or(u32::MAX);
        let span = (elapsed + missing).max(over.length).as_secs_f64();
        let sum: f64 = self.windows.iter().map(|(_, sum)| sum).sum();
        let rate = sum / span;
        if rate <= bound {
            return Duration::ZERO;
        }
        // Of a bound near zero it would be longer than anybody lives.
        Duration::try_from_secs_f64((rate - bound) / bound * span).unwrap_or(Duration::MAX)
    }

    /// Whether nothing is left of what was counted.
    pub fn is_idle(&mut self, now: Monotonic, over: Windows) -> bool {
        self.forget(now, over);
        self.windows.is_empty()
    }

    fn forget(&mut self, now: Monotonic, over: Windows) {
        let span = over.span();
        while self
            .windows
            .front()
            .is_some_and(|(began, _)| now - *began >= span)
        {
            self.windows.pop_front();
        }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER: Windows = Windows {
        count: 11,
        length: Duration::from_secs(1),
    };

    fn at(millis: u64) -> Monotonic {
        Monotonic(Duration::from_millis(millis))
    }

    #[test]
    fn all_windows_may_be_filled_at_once() {
        let mut rate = Rate::new();
        rate.record(10_000.0, at(0), OVER);
        assert_eq!(rate.excess(1000.0, at(0), OVER), Duration::ZERO);
        rate.record(5000.0, at(0), OVER);
        // 15,000 in ten windows are 1,500 a second: half as much again as allowed, for ten seconds.
        assert_eq!(rate.excess(1000.0, at(0), OVER), Duration::from_secs(5));
        assert_eq!(rate.excess(1000.0, at(5000), OVER), Duration::from_secs(5));
        assert_eq!(rate.excess(1000.0, at(11_000), OVER), Duration::ZERO);
        assert!(rate.is_idle(at(11_000), OVER));
    }

    #[test]
    fn a_steady_client_at_its_quota_never_waits() {
        let mut rate = Rate::new();
        for second in 0..60 {
            rate.record(1000.0, at(second * 1000), OVER);
            let excess = rate.excess(1000.0, at(second * 1000), OVER);
            assert!(excess <= Duration::from_secs(1), "{second}: {excess:?}");
        }
        assert!(rate.windows.len() <= OVER.count);
    }
}
