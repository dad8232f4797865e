use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use ottla_model::Monotonic;

use crate::{Limit, Rate, TokenBucket, Whose, Windows};

/// What counts against one limit.
pub trait Meter {
    fn begin(bound: f64, now: Monotonic, over: Windows) -> Self;

    /// Counts more, or with a negative value less.
    fn record(&mut self, value: f64, bound: f64, now: Monotonic, over: Windows);

    /// How long to wait for the limit to be kept.
    fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration;
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
}

impl Meter for TokenBucket {
    fn begin(bound: f64, now: Monotonic, over: Windows) -> Self {
        Self::full(bound, now, over)
    }

    fn record(&mut self, value: f64, bound: f64, now: Monotonic, over: Windows) {
        self.take(value, bound, now, over);
    }

    fn excess(&mut self, bound: f64, now: Monotonic, over: Windows) -> Duration {
        Self::excess(self, bound, now, over)
    }
}

/// The meters of all who share a limit, as many as fit into bounded memory. Client ids are the clients' own words, as many and as long as
/// they like: they are compared, for who hashes them can be slowed down by those that were chosen for it, and those who were silent
/// while many others came begin anew.
#[derive(Debug)]
pub struct Meters<M> {
    over: Windows,
    /// Those who came since the generation before was complete.
    young: BTreeMap<Whose, M>,
    /// Of the generation before, who has not come since.
    old: BTreeMap<Whose, M>,
    /// What `young` takes, about.
    bytes: usize,
}

/// What one generation of meters may take.
const GENERATION_BYTES: usize = 16 << 20;
/// What a meter takes beside the names it is for, about.
const METER_BYTES: usize = 512;

impl<M: Meter> Meters<M> {
    #[must_use]
    pub fn new(over: Windows) -> Self {
        Self {
            over,
            young: BTreeMap::new(),
            old: BTreeMap::new(),
            bytes: 0,
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
        let (over, whose) = (self.over, &limit.whose);
        if !self.young.contains_key(whose) {
            let known = self.old.remove(whose);
            let meter = known.unwrap_or_else(|| M::begin(limit.bound, now, over));
            let bytes = bytes_for(whose);
            if self.bytes + bytes > GENERATION_BYTES {
                self.old = mem::take(&mut self.young);
                self.bytes = 0;
            }
            self.bytes += bytes;
            self.young.insert(whose.clone(), meter);
        }
        let meter = self.young.get_mut(whose);
        meter.expect("it is put there if it was not")
    }

    /// Nothing was counted for anybody.
    pub fn clear(&mut self) {
        *self = Self::new(self.over);
    }
}

fn bytes_for(whose: &Whose) -> usize {
    let names = [&whose.user, &whose.client_id];
    let names = names.into_iter().flatten();
    METER_BYTES + names.map(|name| name.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const OVER: Windows = Windows {
        count: 11,
        length: Duration::from_secs(1),
    };
    const NOW: Monotonic = Monotonic(Duration::ZERO);

    fn limit(client_id: &str) -> Limit {
        let whose = Whose {
            user: None,
            client_id: Some(Arc::from(client_id)),
        };
        Limit { bound: 1.0, whose }
    }

    /// All in one moment: nobody's time is over.
    #[test]
    fn clients_with_ever_new_names_take_bounded_memory() {
        let mut meters: Meters<Rate> = Meters::new(OVER);
        for number in 0..3000 {
            let long = format!("{number:032767}");
            meters.record(&limit(&long), 1.0, NOW);
        }
        let kept = meters.young.keys().chain(meters.old.keys());
        assert!(kept.map(bytes_for).sum::<usize>() <= 2 * GENERATION_BYTES);
        meters.clear();
        assert!(meters.young.is_empty() && meters.old.is_empty() && meters.bytes == 0);
    }

    #[test]
    fn who_keeps_coming_is_not_forgotten_for_others() {
        let mut meters: Meters<Rate> = Meters::new(OVER);
        let own = limit("own");
        meters.record(&own, 20.0, NOW);
        for number in 0..100_000 {
            meters.record(&limit(&number.to_string()), 1.0, NOW);
            if number % 10_000 == 0 {
                assert_eq!(meters.excess(&own, NOW), Duration::from_secs(10));
            }
        }
        assert_eq!(meters.excess(&limit("0"), NOW), Duration::ZERO);
    }
}
