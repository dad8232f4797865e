//! The measured part of a load: begins when the broker is warm and ends when enough has gone by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use ottla_env::Clock;
use ottla_model::Monotonic;
use ottla_runtime::RealClock;

use super::{LoadError, Target};
use crate::process::{CpuTime, Pid, Resident, own_cpu_time};

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Latencies in nanoseconds up to this are told apart.
const LONGEST: u64 = 120_000_000_000;
/// So many digits of them.
const DIGITS: u8 = 3;

/// One connection's work, until [`Progress::is_over`].
pub(super) type Work = Box<dyn FnOnce(&Progress) -> Result<Latencies, LoadError> + Send>;

/// What all connections count together.
#[derive(Debug)]
pub(super) struct Progress {
    clock: RealClock,
    phase: AtomicU8,
    requests: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
}

const WARMING_UP: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

impl Progress {
    fn new() -> Self {
        Self {
            clock: RealClock::new(),
            phase: AtomicU8::new(WARMING_UP),
            requests: AtomicU64::new(0),
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> Monotonic {
        self.clock.monotonic()
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == OVER
    }

    /// A request is answered: `records` went through in `bytes` of batches.
    pub(super) fn count(&self, records: u64, bytes: u64) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn counted(&self) -> Counted {
        Counted {
            requests: self.requests.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
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
        if progress.phase.load(Ordering::Relaxed) == MEASURING {
            let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.histogram.saturating_record(nanoseconds);
        }
    }

    fn add(&mut self, other: &Self) {
        let added = self.histogram.add(&other.histogram);
        added.expect("all histograms have the same bounds");
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) requests: u64,
    pub(super) records: u64,
    /// Of batches, as they are on the wire.
    pub(super) bytes: u64,
}

/// What was measured.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) elapsed: Duration,
    pub(super) counted: Counted,
    /// CPU time of this process.
    pub(super) generator: Duration,
    pub(super) server: Option<(CpuTime, Resident)>,
    pub(super) latencies: Latencies,
}

/// The state of the world at one moment.
struct Snapshot {
    at: Monotonic,
    counted: Counted,
    generator: Duration,
    server: Option<(CpuTime, Resident)>,
}

/// Starts a thread for each connection, and measures between the warm-up and the end.
pub(super) fn measure(target: &Target, connections: Vec<Work>) -> Result<Outcome, LoadError> {
    let progress = Arc::new(Progress::new());
    let outcome = measure_with(target, connections, &progress);
    // Also where one connection has failed: the others must not go on.
    progress.phase.store(OVER, Ordering::Relaxed);
    outcome
}

fn measure_with(
    target: &Target,
    connections: Vec<Work>,
    progress: &Arc<Progress>,
) -> Result<Outcome, LoadError> {
    let (ended, ends) = channel();
    let count = connections.len();
    for work in connections {
        let (progress, ended) = (Arc::clone(progress), ended.clone());
        // Who receives is gone only after another connection has failed.
        thread::spawn(move || drop(ended.send(work(&progress))));
    }
    // So that threads that panicked are noticed: nobody is left who could send.
    drop(ended);
    // Connections end by themselves only when they fail.
    let await_until = |reached: &dyn Fn(Counted) -> bool| {
        while !reached(progress.counted()) {
            match ends.recv_timeout(BETWEEN_LOOKS) {
                Ok(Ok(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Err(error)) => return Err(error),
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
        Ok(())
    };
    await_until(&|counted| counted.bytes >= target.warm_up.0)?;
    let before = snapshot(progress, target.server_pid)?;
    progress.phase.store(MEASURING, Ordering::Relaxed);
    await_until(&|counted| {
        counted.bytes - before.counted.bytes >= target.bytes.0
            || target
                .seconds
                .is_some_and(|limit| progress.now() - before.at >= limit)
    })?;
    let after = snapshot(progress, target.server_pid)?;
    progress.phase.store(OVER, Ordering::Relaxed);
    let mut latencies = Latencies::new();
    for _ in 0..count {
        latencies.add(&ends.recv().map_err(|_| gone())??);
    }
    Ok(between(&before, &after, latencies))
}

fn gone() -> LoadError {
    LoadError::Unfit("a connection's thread is gone".to_owned())
}

fn snapshot(progress: &Progress, server: Option<Pid>) -> Result<Snapshot, LoadError> {
    let server = server
        .map(|pid| Ok((pid.cpu_time()?, pid.resident()?)))
        .transpose()
        .map_err(LoadError::io("asking for the broker's CPU time and memory"))?;
    Ok(Snapshot {
        at: progress.now(),
        counted: progress.counted(),
        generator: own_cpu_time(),
        server,
    })
}

fn between(before: &Snapshot, after: &Snapshot, latencies: Latencies) -> Outcome {
    let server = match (before.server, after.server) {
        (Some((earlier, _)), Some((later, resident))) => Some((later - earlier, resident)),
        _ => None,
    };
    Outcome {
        elapsed: after.at - before.at,
        counted: Counted {
            requests: after.counted.requests - before.counted.requests,
            records: after.counted.records - before.counted.records,
            bytes: after.counted.bytes - before.counted.bytes,
        },
        generator: after.generator.saturating_sub(before.generator),
        server,
        latencies,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program is all effects, and its threads are its own"
)]
pub(crate) fn pause(duration: Duration) {
    thread::sleep(duration);
}
