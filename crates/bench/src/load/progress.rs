//! How far a load has come, and how long its requests took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use ottla_env::Clock;
use ottla_model::Monotonic;
use ottla_runtime::RealClock;

/// Latencies in nanoseconds up to this are told apart.
const LONGEST: u64 = 120_000_000_000;
/// So many digits of them.
const DIGITS: u8 = 3;

/// What connections of one kind count together, within a load that all of them belong to.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    load: Arc<Load>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Load {
    clock: RealClock,
    phase: AtomicU8,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    WarmingUp,
    Measuring,
    Over,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            load: Arc::new(Load {
                clock: RealClock::new(),
                phase: AtomicU8::new(Phase::WarmingUp as u8),
            }),
            counters: Arc::default(),
        }
    }

    /// Of another kind of connections in the same load.
    pub(super) fn beside(&self) -> Self {
        Self {
            load: Arc::clone(&self.load),
            counters: Arc::default(),
        }
    }

    pub(super) fn now(&self) -> Monotonic {
        self.load.clock.monotonic()
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.load.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.load.phase.load(Ordering::Relaxed) == phase as u8
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_in(Phase::Over)
    }

    /// A request is answered: `records` went through in `bytes` of batches.
    pub(super) fn count(&self, records: u64, bytes: u64) {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.count_records(records, bytes);
    }

    /// Records went through, and nobody knows in how many requests.
    pub(super) fn count_records(&self, records: u64, bytes: u64) {
        self.counters.records.fetch_add(records, Ordering::Relaxed);
        self.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn counted(&self) -> Counted {
        Counted {
            requests: self.counters.requests.load(Ordering::Relaxed),
            records: self.counters.records.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
        }
    }
}

/// What has gone by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) requests: u64,
    pub(super) records: u64,
    /// Of batches, as they are on the wire.
    pub(super) bytes: u64,
}

impl Counted {
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            records: self.records - earlier.records,
            bytes: self.bytes - earlier.bytes,
        }
    }
}

/// How long one connection's requests took, of those that were answered while it was measured.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    pub(super) histogram: Histogram<u64>,
}

impl Latencies {
    pub(super) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, DIGITS);
        Self {
            histogram: histogram.expect("the bounds are a range and the digits few"),
        }
    }

    pub(super) fn record(&mut self, progress: &Progress, latency: Duration) {
        if progress.is_in(Phase::Measuring) {
            let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.histogram.saturating_record(nanoseconds);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let added = self.histogram.add(&other.histogram);
        added.expect("all histograms have the same bounds");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_connections_share_a_phase_and_count_apart() {
        let producers = Progress::new();
        let consumers = producers.beside();
        producers.count(10, 1000);
        consumers.count_records(7, 700);
        producers.enter(Phase::Over);
        assert!(consumers.is_over());
        let expected = Counted {
            requests: 1,
            records: 10,
            bytes: 1000,
        };
        assert_eq!(producers.counted(), expected);
        assert_eq!(
            consumers.counted(),
            Counted {
                requests: 0,
                records: 7,
                bytes: 700
            }
        );
    }

    #[test]
    fn only_what_is_answered_while_it_is_measured_counts_as_latency() {
        let progress = Progress::new();
        let mut latencies = Latencies::new();
        for phase in [Phase::WarmingUp, Phase::Measuring, Phase::Over] {
            progress.enter(phase);
            latencies.record(&progress, Duration::from_millis(1));
        }
        assert_eq!(latencies.histogram.len(), 1);
    }
}
