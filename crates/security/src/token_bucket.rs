use std::time::Duration;

use ottla_model::Monotonic;

use crate::Windows;

/// Credit that grows at the bound of a quota, up to what all windows together allow, and may be overdrawn by one request (KIP-599).
#[derive(Clone, Debug)]
pub struct TokenBucket {
    tokens: f64,
    filled: Monotonic,
}

impl TokenBucket {
    #[must_use]
    pub fn full(bound: f64, now: Monotonic, over: Windows) -> Self {
        Self {
            tokens: burst(bound, over),
            filled: now,
        }
    }

    /// What may be taken: while it is not below zero, anything.
    pub fn tokens(&mut self, bound: f64, now: Monotonic, over: Windows) -> f64 {
        let since = (now - self.filled).as_secs_f64();
        self.tokens = (self.tokens + bound * since).min(burst(bound, over));
        self.filled = self.filled.max(now);
        self.tokens
    }

    pub fn take(&mut self, value: f64, bound: f64, now: Monotonic, over: Windows) {
        self.tokens(bound, now, over);
        self.tokens -= value;
    }

    /// How long it takes until there is credit again.
    pub fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration {
        let tokens = self.tokens(bound, now, over);
        if tokens >= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(-tokens / bound).unwrap_or(Duration::MAX)
    }
}

fn burst(bound: f64, over: Windows) -> f64 {
    bound * over.span().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER: Windows = Windows {
        count: 11,
        length: Duration::from_secs(1),
    };

    #[test]
    fn credit_may_be_overdrawn_once_and_comes_back() {
        let at = |seconds| Monotonic(Duration::from_secs(seconds));
        let mut bucket = TokenBucket::full(5.0, at(0), OVER);
        bucket.take(55.0, 5.0, at(0), OVER);
        assert_eq!(bucket.excess(5.0, at(0), OVER), Duration::ZERO);
        bucket.take(20.0, 5.0, at(0), OVER);
        assert_eq!(bucket.excess(5.0, at(0), OVER), Duration::from_secs(4));
        assert_eq!(bucket.excess(5.0, at(3), OVER), Duration::from_secs(1));
        assert_eq!(bucket.tokens(5.0, at(5), OVER), 5.0);
        assert_eq!(bucket.tokens(5.0, at(100), OVER), 55.0);
    }
}
