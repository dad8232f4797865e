//! Logs that wait to be opened, and how many are opened at once.

use std::collections::VecDeque;
use std::sync::Arc;

use ottla_env::Disk;
use ottla_log::dir::LogDirectory;
use ottla_log::{Log, LogOptions, OpenError};
use ottla_model::{LeaderEpoch, Monotonic, Timestamp, TopicId};

use super::progress::{Progress, Report};
use crate::partition::PartitionKey;

/// To look at files takes a processor more than a disk.
const OPENED_AT_ONCE: usize = 4;
/// A new log is a few syncs, and what syncs at once shares the file system's journal.
const BEGUN_AT_ONCE: usize = 64;
/// The most that one job opens, one log behind the other: to go to another thread and back costs as much as to open a small one.
const MAX_TOGETHER: usize = 32;
/// The same where they are recovered, which takes longer.
const MAX_RECOVERED_TOGETHER: usize = 8;
/// As many jobs as are left for each that runs, so that the last ones end together.
const SHARE: usize = 8;

/// What it takes to open a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// To make its files.
    New,
    /// To look at its files.
    Plain,
    /// To read the segments that were written since they were last known to be good.
    Recovery,
}

pub(super) struct Openings {
    new: Queue,
    plain: Queue,
    recoveries: Queue,
    /// Recoveries that have ended since there were none.
    recovered: usize,
    progress: Progress,
}

struct Queue {
    waiting: VecDeque<PartitionKey>,
    /// Logs of the jobs that run.
    running: usize,
    jobs: usize,
    /// Jobs.
    at_once: usize,
    /// Logs of a job.
    together: usize,
}

impl Openings {
    pub(super) fn new(recovered_at_once: usize) -> Self {
        let queue = |at_once, together| Queue {
            waiting: VecDeque::new(),
            running: 0,
            jobs: 0,
            at_once,
            together,
        };
        Self {
            new: queue(BEGUN_AT_ONCE, MAX_TOGETHER),
            plain: queue(OPENED_AT_ONCE, MAX_TOGETHER),
            recoveries: queue(recovered_at_once, MAX_RECOVERED_TOGETHER),
            recovered: 0,
            progress: Progress::default(),
        }
    }

    pub(super) fn push(&mut self, key: PartitionKey, opening: Opening) {
        self.queue(opening).waiting.push_back(key);
    }

    /// Nothing begins any more.
    pub(super) fn clear(&mut self) {
        self.new.waiting.clear();
        self.plain.waiting.clear();
        self.recoveries.waiting.clear();
    }

    /// The next ones that may begin, to be opened by one job; [`Openings::ended`] gives its place back.
    pub(super) fn begin(&mut self) -> Option<(Vec<PartitionKey>, Opening)> {
        [Opening::New, Opening::Plain, Opening::Recovery]
            .into_iter()
            .find_map(|opening| {
                let queue = self.queue(opening);
                if queue.waiting.is_empty() || queue.jobs >= queue.at_once {
                    return None;
                }
                let together = queue.waiting.len() / (queue.at_once * SHARE);
                let keys = queue.waiting.drain(..together.clamp(1, queue.together));
                let keys: Vec<PartitionKey> = keys.collect();
                queue.running += keys.len();
                queue.jobs += 1;
                Some((keys, opening))
            })
    }

    /// A log is opened by somebody else.
    pub(super) fn expect(&mut self, opening: Opening) {
        let queue = self.queue(opening);
        queue.running += 1;
        queue.jobs += 1;
    }

    /// So many logs have been opened by a job that may go on.
    pub(super) fn opened(&mut self, opening: Opening, logs: usize) {
        let queue = self.queue(opening);
        assert!(queue.running >= logs, "what is open has begun");
        queue.running -= logs;
        if opening == Opening::Recovery {
            self.recovered += logs;
        }
    }

    /// A job has opened its last log.
    pub(super) fn ended(&mut self, opening: Opening) {
        let queue = self.queue(opening);
        assert!(queue.jobs > 0, "what ends has begun");
        queue.jobs -= 1;
    }

    /// What to tell of the recovery now.
    pub(super) fn report(&mut self, now: Monotonic) -> Option<Report> {
        let left = self.recoveries.waiting.len() + self.recoveries.running;
        let report = self.progress.report(left, self.recovered + left, now);
        if left == 0 {
            self.recovered = 0;
        }
        report
    }

    fn queue(&mut self, opening: Opening) -> &mut Queue {
        match opening {
            Opening::New => &mut self.new,
            Opening::Plain => &mut self.plain,
            Opening::Recovery => &mut self.recoveries,
        }
    }
}

/// What runs beside the lane, which every partition of the directory waits for.
pub(super) struct OpeningJob<D: Disk> {
    pub(super) directory: Arc<LogDirectory<D>>,
    pub(super) name: String,
    pub(super) topic: TopicId,
    pub(super) options: LogOptions,
    pub(super) was_clean: bool,
    /// Records of this topic are acknowledged when they are synced.
    pub(super) counts_once_synced: bool,
    pub(super) epoch: LeaderEpoch,
    pub(super) now: Timestamp,
}

impl<D: Disk> OpeningJob<D> {
    pub(super) fn run(self) -> Result<Log<D>, OpenError> {
        let (name, topic) = (&self.name, self.topic);
        let mut log =
            self.directory
                .open_log(name, topic, self.options, self.now, self.was_clean)?;
        let fails = |error| OpenError::Io {
            path: self.directory.path().join(name),
            error,
        };
        // What the crash left may have been acknowledged: it counts from the start, or the high watermark would go back.
        if self.counts_once_synced
            && let Some(job) = log.unsynced()
        {
            let end = job.run().map_err(fails)?;
            log.synced(end);
        }
        log.assign_epoch(self.epoch);
        Ok(log)
    }
}

#[cfg(test)]
mod tests {
    use ottla_model::{PartitionIndex, Uuid};

    use super::*;

    fn openings(waiting: i32, opening: Opening) -> Openings {
        let mut openings = Openings::new(2);
        for index in (0..waiting).map(PartitionIndex) {
            let topic = TopicId(Uuid::from_u128(7));
            openings.push(PartitionKey { topic, index }, opening);
        }
        openings
    }

    #[test]
    fn few_logs_are_opened_beside_each_other_and_many_several_to_a_job() {
        let mut few = openings(3, Opening::Plain);
        let began = std::iter::from_fn(|| few.begin());
        assert!(began.map(|(keys, _)| keys.len()).eq([1, 1, 1]));
        let mut many = openings(5000, Opening::Plain);
        let began = std::iter::from_fn(|| many.begin());
        let sizes: Vec<usize> = began.map(|(keys, _)| keys.len()).collect();
        assert_eq!(sizes, [MAX_TOGETHER; OPENED_AT_ONCE]);
        many.opened(Opening::Plain, MAX_TOGETHER);
        many.ended(Opening::Plain);
        assert!(many.begin().is_some());
        assert!(many.begin().is_none());
    }

    #[test]
    fn towards_the_end_the_jobs_are_small_and_all_logs_have_had_their_turn() {
        let mut openings = openings(1000, Opening::Recovery);
        let mut sizes = Vec::new();
        while let Some((keys, opening)) = openings.begin() {
            sizes.push(keys.len());
            openings.opened(opening, keys.len());
            openings.ended(opening);
        }
        assert_eq!(sizes.iter().sum::<usize>(), 1000);
        assert_eq!(sizes.last(), Some(&1));
        assert!(sizes.is_sorted_by(|a, b| a >= b));
    }
}
