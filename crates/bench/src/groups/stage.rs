//! What befalls a group, and what it takes until all members are settled again.

use std::time::Duration;

use super::swarm::Settled;
use crate::load::LoadError;
use crate::process::{Pid, TaskTimes, own_cpu_time};
use crate::spread::Spread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// All members come into an empty group at once.
    Arrive,
    /// One more comes.
    Join,
    /// One goes.
    Leave,
}

impl Stage {
    pub(super) const ALL: [Self; 3] = [Self::Arrive, Self::Join, Self::Leave];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Arrive => "arrive",
            Self::Join => "join",
            Self::Leave => "leave",
        }
    }
}

/// What a stage took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Took {
    pub(super) settled: Settled,
    pub(super) requests: u64,
    /// CPU time of this process.
    pub(super) generator: Duration,
    /// That of the broker, less what it uses in the same pauses when it has nothing to do.
    pub(super) broker: Option<Duration>,
}

/// The median of each figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Medians {
    pub(super) seconds: f64,
    pub(super) pauses: f64,
    pub(super) requests: f64,
    pub(super) generator: f64,
    pub(super) broker: Option<f64>,
}

impl Medians {
    /// `None` of nothing.
    pub(super) fn of(all: &[Took]) -> Option<Self> {
        let median = |figure: &dyn Fn(&Took) -> f64| {
            let spread = Spread::of(all.iter().map(figure))?;
            Some(spread.median)
        };
        let broker = all.iter().filter_map(|took| took.broker);
        Some(Self {
            seconds: median(&|took| took.settled.took.as_secs_f64())?,
            pauses: median(&|took| f64::from(took.settled.pauses))?,
            requests: median(&|took| took.requests as f64)?,
            generator: median(&|took| took.generator.as_secs_f64())?,
            broker: Spread::of(broker.map(|cpu| cpu.as_secs_f64())).map(|spread| spread.median),
        })
    }
}

/// Watches a stage from its beginning on.
pub(super) struct Watch {
    server: Option<(Pid, TaskTimes)>,
    generator: Duration,
    requests: u64,
}

impl Watch {
    pub(super) fn begin(server: Option<Pid>, requests: u64) -> Result<Self, LoadError> {
        let server = match server {
            Some(pid) => Some((pid, tasks(pid)?)),
            None => None,
        };
        Ok(Self {
            server,
            generator: own_cpu_time(),
            requests,
        })
    }

    /// `idle` is the part of a processor that the broker uses when it has nothing to do.
    pub(super) fn end(self, settled: Settled, requests: u64, idle: f64) -> Result<Took, LoadError> {
        let paused = settled.elapsed.saturating_sub(settled.took);
        let broker = match self.server {
            Some((pid, before)) => {
                let used = tasks(pid)?.since(&before);
                Some(used.saturating_sub(paused.mul_f64(idle)))
            }
            None => None,
        };
        Ok(Took {
            settled,
            requests: requests - self.requests,
            generator: own_cpu_time().saturating_sub(self.generator),
            broker,
        })
    }
}

pub(super) fn tasks(pid: Pid) -> Result<TaskTimes, LoadError> {
    pid.task_times()
        .map_err(LoadError::io("asking for the broker's CPU time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_own_median() {
        let took = |seconds: u64, requests: u64, broker: Option<u64>| Took {
            settled: Settled {
                took: Duration::from_secs(seconds),
                pauses: 1,
                elapsed: Duration::from_secs(seconds),
            },
            requests,
            generator: Duration::from_secs(1),
            broker: broker.map(Duration::from_secs),
        };
        let all = [
            took(1, 30, Some(7)),
            took(2, 20, Some(5)),
            took(9, 10, Some(6)),
        ];
        let medians = Medians::of(&all).unwrap();
        assert_eq!((medians.seconds, medians.requests), (2.0, 20.0));
        assert_eq!((medians.pauses, medians.broker), (1.0, Some(6.0)));
        assert_eq!(Medians::of(&[took(1, 1, None)]).unwrap().broker, None);
        assert_eq!(Medians::of(&[]), None);
    }
}
