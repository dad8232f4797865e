//! The measured part of a load: begins when the broker is warm and ends when enough has gone by.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use ottla_model::Monotonic;

use super::progress::{Counted, Latencies, Phase, Progress};
use super::{LoadError, Target};
use crate::process::{CpuTime, Pid, Resident, own_cpu_time};

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// One connection's work, until [`Progress::is_over`] or until there is no more for it to do.
pub(super) type Work = Box<dyn FnOnce(&Progress) -> Result<Latencies, LoadError> + Send>;

/// What was measured.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) elapsed: Duration,
    pub(super) counted: Counted,
    /// By the connections beside those that the load is about, where there are any.
    pub(super) beside: Option<Counted>,
    /// CPU time of this process.
    pub(super) generator: Duration,
    pub(super) server: Option<(CpuTime, Resident)>,
    pub(super) latencies: Latencies,
    /// Records that were looked for at the end and found, where anybody looked.
    pub(super) verified: Option<u64>,
}

/// Starts a thread for each connection, and measures between the warm-up and the end.
///
/// Warm-up, end and latencies are those of `connections`; what those `beside` them do is counted apart.
///
/// # Errors
/// When a connection fails, and when all have ended before the warm-up is over.
pub(super) fn measure(
    target: &Target,
    connections: Vec<Work>,
    beside: Vec<Work>,
) -> Result<Outcome, LoadError> {
    let progress = Progress::new();
    let outcome = measure_with(target, connections, beside, &progress);
    // Also where one connection has failed: the others must not go on.
    progress.enter(Phase::Over);
    outcome
}

fn measure_with(
    target: &Target,
    connections: Vec<Work>,
    beside: Vec<Work>,
    progress: &Progress,
) -> Result<Outcome, LoadError> {
    let (sender, receiver) = channel();
    let others = (!beside.is_empty()).then(|| progress.beside());
    let mut ends = Ends {
        receiver,
        running: connections.len(),
        beside: beside.len(),
        latencies: Latencies::new(),
    };
    for work in connections {
        start(work, Kind::Measured, progress, &sender);
    }
    for (work, progress) in beside.into_iter().zip(others.iter().cycle()) {
        start(work, Kind::Beside, progress, &sender);
    }
    // So that threads that panicked are noticed: nobody is left who could send.
    drop(sender);
    let look = || Snapshot::take(progress, others.as_ref(), target.server_pid);
    let is_warm = || progress.counted().bytes >= target.warm_up.0;
    if !ends.wait_until(is_warm)? {
        let problem = format!("everything has ended before {} went by", target.warm_up);
        return Err(LoadError::Unfit(problem));
    }
    let before = look()?;
    progress.enter(Phase::Measuring);
    ends.wait_until(|| {
        progress.counted().since(before.counted).bytes >= target.bytes.0
            || target
                .seconds
                .is_some_and(|limit| progress.now() - before.at >= limit)
    })?;
    let after = look()?;
    progress.enter(Phase::Over);
    while ends.running + ends.beside > 0 {
        ends.wait(None)?;
    }
    Ok(after.since(&before, ends.latencies))
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Measured,
    Beside,
}

type End = (Kind, Result<Latencies, LoadError>);

fn start(work: Work, kind: Kind, progress: &Progress, ended: &Sender<End>) {
    let (progress, ended) = (progress.clone(), ended.clone());
    // Who receives is gone only after another connection has failed.
    thread::spawn(move || drop(ended.send((kind, work(&progress)))));
}

/// How the connections' threads end.
struct Ends {
    receiver: Receiver<End>,
    /// Of the connections that are measured.
    running: usize,
    /// Of those beside them.
    beside: usize,
    latencies: Latencies,
}

impl Ends {
    /// Whether it was reached, and not that nobody is left who could.
    fn wait_until(&mut self, reached: impl Fn() -> bool) -> Result<bool, LoadError> {
        while !reached() {
            if self.running == 0 {
                return Ok(false);
            }
            self.wait(Some(BETWEEN_LOOKS))?;
        }
        Ok(true)
    }

    /// For one to end, or until patience is.
    fn wait(&mut self, patience: Option<Duration>) -> Result<(), LoadError> {
        let end = match patience {
            Some(patience) => self.receiver.recv_timeout(patience),
            None => self.receiver.recv().map_err(RecvTimeoutError::from),
        };
        match end {
            Ok((Kind::Measured, latencies)) => {
                self.running -= 1;
                self.latencies.add(&latencies?);
                Ok(())
            }
            Ok((Kind::Beside, ended)) => {
                self.beside -= 1;
                ended.map(drop)
            }
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                Err(LoadError::Unfit("a connection's thread is gone".to_owned()))
            }
        }
    }
}

/// The state of the world at one moment.
struct Snapshot {
    at: Monotonic,
    counted: Counted,
    beside: Option<Counted>,
    generator: Duration,
    server: Option<(CpuTime, Resident)>,
}

impl Snapshot {
    fn take(
        progress: &Progress,
        beside: Option<&Progress>,
        server: Option<Pid>,
    ) -> Result<Self, LoadError> {
        let server = server
            .map(|pid| Ok((pid.cpu_time()?, pid.resident()?)))
            .transpose()
            .map_err(LoadError::io("asking for the broker's CPU time and memory"))?;
        Ok(Self {
            at: progress.now(),
            counted: progress.counted(),
            beside: beside.map(Progress::counted),
            generator: own_cpu_time(),
            server,
        })
    }

    fn since(&self, before: &Self, latencies: Latencies) -> Outcome {
        let server = match (before.server, self.server) {
            (Some((earlier, _)), Some((later, resident))) => Some((later - earlier, resident)),
            _ => None,
        };
        Outcome {
            elapsed: self.at - before.at,
            counted: self.counted.since(before.counted),
            beside: self
                .beside
                .zip(before.beside)
                .map(|(after, before)| after.since(before)),
            generator: self.generator.saturating_sub(before.generator),
            server,
            latencies,
            verified: None,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program is all effects, and its threads are its own"
)]
pub(crate) fn pause(duration: Duration) {
    thread::sleep(duration);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    fn target(warm_up: u64, bytes: u64) -> Target {
        Target {
            warm_up: Size(warm_up),
            bytes: Size(bytes),
            ..Target::default()
        }
    }

    fn endless() -> Work {
        Box::new(|progress| {
            while !progress.is_over() {
                progress.count(1, 10);
            }
            Ok(Latencies::new())
        })
    }

    fn once(bytes: u64) -> Work {
        Box::new(move |progress| {
            progress.count(1, bytes);
            Ok(Latencies::new())
        })
    }

    fn failing() -> Work {
        Box::new(|_| Err(LoadError::Unfit("it failed".to_owned())))
    }

    #[test]
    fn a_load_ends_when_enough_has_gone_by_and_what_is_beside_it_with_it() {
        let outcome = measure(&target(1, 1000), vec![endless()], vec![endless()]).unwrap();
        assert!(outcome.counted.bytes >= 1000);
        assert!(outcome.beside.is_some());
        let alone = measure(&target(1, 1000), vec![endless()], Vec::new()).unwrap();
        assert_eq!(alone.beside, None);
    }

    #[test]
    fn a_load_that_has_nothing_left_to_do_ends() {
        let outcome = measure(&target(10, 1000), vec![once(10)], vec![endless()]).unwrap();
        assert_eq!(outcome.counted.bytes, 0);
        let problem = measure(&target(11, 1000), vec![once(10)], Vec::new()).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "everything has ended before 11 went by"
        );
    }

    #[test]
    fn one_that_fails_ends_all() {
        for (connections, beside) in [
            (vec![endless(), failing()], vec![]),
            (vec![endless()], vec![failing()]),
        ] {
            let problem = measure(&target(1, u64::MAX), connections, beside).unwrap_err();
            assert_eq!(problem.to_string(), "it failed");
        }
    }
}
