use std::time::Duration;

use ottla_model::Monotonic;
use rustc_hash::FxHashMap;

use crate::{Limit, Rate, TokenBucket, Whose, Windows};

/// What counts against one limit.
pub trait Meter {
    fn begin(bound: f64, now: Monotonic, over: Windows) -> Self;

    /// Counts more, or with a negative value less.
    fn record(&mut self, value: f64, bound: f64, now: Monotonic, over: Windows);

    /// How long to wait for the limit to be kept.
    fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration;

    /// Whether it would be the same begun anew.
    fn is_forgotten(&mut self, now: Monotonic, over: Windows) -> bool;
}

impl Meter for Rate {
    fn begin(_: f64, _: Monotonic, _: Windows) -> Self {
        Self::new()
    }

    fn record(&mut self, value: f64, _: f64, now: Monotonic, over: Windows) {
        Self::record(self, value, now, over);
    }

    fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration {
        Self::excess(self, bound, now, over)
    }

    fn is_forgotten(&mut self, now: Monotonic, over: Windows) -> bool {
        self.is_idle(now, over)
    }
}

/// A bucket with the bound it was last asked with.
impl Meter for (TokenBucket, f64) {
    fn begin(bound: f64, now: Monotonic, over: Windows) -> Self {
        (TokenBucket::full(bound, now, over), bound)
    }

    fn record(&mut self, value: f64, bound: f64, now: Monotonic, over: Windows) {
        self.1 = bound;
        self.0.take(value, bound, now, over);
    }

    fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration {
        self.1 = bound;
        self.0.excess(bound, now, over)
    }

    fn is_forgotten(&mut self, now: Monotonic, over: Windows) -> bool {
        self.0.is_full(self.1, now, over)
    }
}

/// The meters of all who share a limit. Client ids are the clients' own words: those who are silent are forgotten, without a difference.
#[derive(Debug)]
pub struct Meters<M> {
    over: Windows,
    by_whose: FxHashMap<Whose, M>,
    /// So many before those who are silent are looked for.
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 1024;

impl<M: Meter> Meters<M> {
    #[must_use]
    pub fn new(over: Windows) -> Self {
        Self {
            over,
            by_whose: FxHashMap::default(),
            sweep_at: FIRST_SWEEP,
        }
    }

    #[must_use]
    pub fn over(&self) -> Windows {
        self.over
    }

    pub fn record(&mut self, limit: &Limit, value: f64, now: Monotonic) {
        let over = self.over;
        self.of(limit, now).record(value, limit.bound, now, over);
    }

    pub fn excess(&mut self, limit: &Limit, now: Monotonic) -> Duration {
        let over = self.over;
        self.of(limit, now).excess(limit.bound, now, over)
    }

    /// The one meter of this limit.
    pub fn of(&mut self, limit: &Limit, now: Monotonic) -> &mut M {
        let over = self.over;
        if self.by_whose.len() >= self.sweep_at && !self.by_whose.contains_key(&limit.whose) {
            self.by_whose
                .retain(|_, meter| !meter.is_forgotten(now, over));
            self.sweep_at = (self.by_whose.len() * 2).max(FIRST_SWEEP);
        }
        let meter = self.by_whose.entry(limit.whose.clone());
        meter.or_insert_with(|| M::begin(limit.bound, now, over))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn who_is_silent_takes_no_memory() {
        let over = Windows {
            count: 11,
            length: Duration::from_secs(1),
        };
        let mut meters: Meters<Rate> = Meters::new(over);
        for second in 0..100_000_u64 {
            let whose = Whose {
                user: None,
                client_id: Some(Arc::from(second.to_string())),
            };
            let limit = Limit { bound: 1.0, whose };
            let now = Monotonic(Duration::from_secs(second));
            meters.record(&limit, 1.0, now);
        }
        assert!(meters.by_whose.len() <= FIRST_SWEEP);
    }
}
