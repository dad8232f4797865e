//! A lane owns the partitions of one log directory: it alone changes their logs.
//!
//! ```text
//! connections ──jobs──▶ lane: drain what is queued
//!                         joined appends ─▶ one write per partition
//!                         ack, or wait for a sync ─▶ syncs run beside the lane, one per partition, shared by all that wait
//! ```
//!
//! The file system may block, so this does not run where connections do; what is queued while a write blocks is what the next
//! write joins.

mod answers;
mod append;
mod delete_records;
mod hand_over;
mod housekeeping;
mod lifecycle;
mod openings;
mod producers;
mod progress;
mod room;
mod sync;
#[cfg(test)]
mod tests;
mod turned_away;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use ottla_env::{Env, Spawn};
use ottla_log::dir::LogDirectory;
use ottla_log::{ActiveProducer, Log};
use ottla_model::{ErrorCode, Offset};
use ottla_replica::{Leader, Leadership, Outputs};
use rustc_hash::FxHashMap;

use append::Producer;
use openings::{Opening, Openings};
use room::Watermark;
use turned_away::TurnedAway;

pub(crate) use answers::{Answers, Outcome};
pub(crate) use append::{Append, AppendFailure, Appended};
pub(crate) use delete_records::DeleteRecords;
pub(crate) use hand_over::{Arrival, HandOver, Stay};
pub(crate) use room::has_room;

use crate::failed_directories::FailedDirectory;
use crate::partition::{Partition, PartitionKey};

/// Batches and other jobs taken at once. More would only delay the first one's answer: a write of this many batches is large enough.
const MAX_JOINED: usize = 256;

/// What is asked of a lane.
pub(crate) enum Job<E: Env> {
    /// Batches of one request.
    Append(Vec<Append>),
    /// This node leads the partition from now on: open the log, or begin the new epoch on it.
    Lead {
        partition: Arc<Partition<E>>,
        leadership: Leadership,
        /// Its log was there at the start.
        was_found: bool,
    },
    /// Move the start of a log forward.
    DeleteRecords(DeleteRecords),
    /// Tell what producers a log remembers.
    DescribeProducers {
        key: PartitionKey,
        reply: oneshot::Sender<Result<Vec<ActiveProducer>, ErrorCode>>,
    },
    /// Another node leads the partition from now on, or nobody.
    Resign { key: PartitionKey },
    /// Logs have been opened and, if need be, recovered beside the lane.
    Opened {
        opening: Opening,
        opened: Vec<lifecycle::Opened<E>>,
        /// Their job opens no more.
        is_over: bool,
    },
    /// This node leads the partition from now on in this directory, whose log another lane has yet to hand over.
    Expect {
        partition: Arc<Partition<E>>,
        leadership: Leadership,
    },
    /// The log goes to another directory, and to its lane.
    HandOver(Box<HandOver<E>>),
    /// A sync beside the lane has ended.
    Synced {
        key: PartitionKey,
        result: std::io::Result<Offset>,
    },
    /// The partition has a new configuration.
    Configure { key: PartitionKey },
    /// An idle producer is remembered for so long from now on.
    ExpireProducers { after: Duration },
    /// The partition is gone from the metadata.
    Delete {
        partition: Arc<Partition<E>>,
        /// Its log was there at the start.
        was_found: bool,
    },
    /// `flush.ms`, what is left of deleted logs, how much room there is, how far the recovery is.
    Housekeep,
    /// Give back what the logs hold that nobody uses: descriptors, index entries.
    GiveBack,
    /// Remove the segments that are too old or too many.
    Retain,
    /// Write the checkpoint files.
    Checkpoint,
    /// Close every log cleanly and answer when all is on disk. Nothing is taken after it.
    Close {
        closed: oneshot::Sender<std::io::Result<()>>,
    },
}

/// What a lane is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneOptions {
    /// Nobody wrote to the directory since it was closed.
    pub(crate) was_clean: bool,
    pub(crate) recovered_at_once: usize,
    /// For how long an idle producer is remembered.
    pub(crate) producer_expiration: Duration,
    /// `log.dirs.min.free.bytes`.
    pub(crate) min_free: u64,
}

/// The way to a lane. Cheap to clone. The bound on what is queued is the node's request memory, and for batches that are packed again
/// what one request may have at its lanes.
pub(crate) struct Lane<E: Env> {
    jobs: mpsc::UnboundedSender<Job<E>>,
}

impl<E: Env> Clone for Lane<E> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
        }
    }
}

impl<E: Env> Lane<E> {
    /// Starts the lane of `directory`.
    pub(crate) fn start(
        env: &E,
        directory: Arc<LogDirectory<E::Disk>>,
        options: LaneOptions,
        failed: FailedDirectory,
    ) -> Self {
        let (jobs, inbox) = mpsc::unbounded();
        let lane = Self { jobs };
        let worker = Worker {
            env: env.clone(),
            directory,
            options,
            failed,
            partitions: FxHashMap::default(),
            to_write: Vec::new(),
            to_tell: Vec::new(),
            lane: lane.clone(),
            openings: Openings::new(options.recovered_at_once),
            deletions: Vec::new(),
            doomed: Vec::new(),
            deleting: Vec::new(),
            watermark: Watermark::new(options.min_free),
            has_new_points: false,
            has_failed: false,
            closing: None,
            decided: Vec::new(),
        };
        env.spawn().lane(worker.run(inbox));
        lane
    }

    /// A job for a lane that has closed is dropped, and with it the channel its sender may wait on.
    pub(crate) fn send(&self, job: Job<E>) {
        let _ = self.jobs.unbounded_send(job);
    }
}

/// The log of a partition and who waits for it.
enum Slot<E: Env> {
    /// Jobs that came before the log was open.
    Opening {
        partition: Arc<Partition<E>>,
        leadership: Leadership,
        opening: Opening,
        /// From then on the log is somebody's, and has to be waited for.
        has_begun: bool,
        queued: Vec<Append>,
        /// Instead, where that takes long.
        turned_away: TurnedAway,
    },
    Open(Box<Open<E>>),
    /// Its directory failed, or its files cannot be read.
    Offline(Arc<Partition<E>>),
}

struct Open<E: Env> {
    partition: Arc<Partition<E>>,
    log: Log<E::Disk>,
    leader: Leader<Producer>,
    /// For the next write.
    joined: append::Joined,
    turned_away: TurnedAway,
    /// At most one sync per partition: the next shares everything that was written meanwhile.
    is_syncing: bool,
}

struct Worker<E: Env> {
    env: E,
    directory: Arc<LogDirectory<E::Disk>>,
    options: LaneOptions,
    failed: FailedDirectory,
    partitions: FxHashMap<PartitionKey, Slot<E>>,
    /// Those with batches that are joined and not written yet.
    to_write: Vec<PartitionKey>,
    /// Those whose readers have more to read since the last write began. Kept for its memory, and empty.
    to_tell: Vec<Arc<Partition<E>>>,
    lane: Lane<E>,
    openings: Openings,
    /// Starts of logs that have moved and are not on disk yet.
    deletions: Vec<delete_records::Deletion>,
    doomed: Vec<lifecycle::Doomed<E>>,
    deleting: Vec<lifecycle::Deleting>,
    watermark: Watermark,
    /// The checkpoint files on disk are out of date.
    has_new_points: bool,
    has_failed: bool,
    /// Whoever waits for the lane to close: it does when the last log that is being opened is open.
    closing: Option<oneshot::Sender<std::io::Result<()>>>,
    /// What a leader decides, until it is carried out. Kept for its memory.
    decided: Outputs<Producer>,
}

impl<E: Env> Worker<E> {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job<E>>) {
        while let Some(first) = inbox.next().await {
            let mut next = Some(first);
            let mut taken = 0;
            while let Some(job) = next {
                match job {
                    Job::Append(batches) => {
                        taken += batches.len();
                        self.watch_room(&batches);
                        batches.into_iter().for_each(|append| self.join(append));
                    }
                    other => {
                        // What came before must be written before.
                        self.write();
                        self.carry_out(other);
                        taken += 1;
                    }
                }
                next = if taken < MAX_JOINED && self.closing.is_none() {
                    inbox.try_recv().ok()
                } else {
                    None
                };
            }
            self.write();
            self.answer_deletions();
            if let Some(closed) = self.closing.take() {
                self.finish(inbox, closed).await;
                return;
            }
        }
    }

    /// Waits for what runs beside the lane, and closes.
    async fn finish(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Job<E>>,
        closed: oneshot::Sender<std::io::Result<()>>,
    ) {
        self.drop_openings();
        while self.is_busy() {
            match inbox.next().await {
                Some(Job::Opened {
                    opening,
                    opened,
                    is_over,
                }) => self.opened(opening, opened, is_over),
                Some(Job::Synced { key, result }) => self.synced(key, result),
                // Who hands it over tells so, now or when it closes.
                Some(Job::Expect {
                    partition,
                    leadership,
                }) => self.expect(partition, leadership),
                Some(_) | None => {}
            }
        }
        self.close(closed);
    }

    fn carry_out(&mut self, job: Job<E>) {
        match job {
            Job::Append(_) => unreachable!("appends are joined, not carried out"),
            Job::Lead {
                partition,
                leadership,
                was_found,
            } => self.lead(partition, leadership, was_found),
            Job::DeleteRecords(deletion) => self.delete_records(deletion),
            Job::DescribeProducers { key, reply } => self.describe_producers(key, reply),
            Job::Resign { key } => self.resign(key),
            Job::Opened {
                opening,
                opened,
                is_over,
            } => self.opened(opening, opened, is_over),
            Job::Expect {
                partition,
                leadership,
            } => self.expect(partition, leadership),
            Job::HandOver(hand_over) => self.hand_over(*hand_over),
            Job::Synced { key, result } => self.synced(key, result),
            Job::Configure { key } => self.configure(key),
            Job::ExpireProducers { after } => self.expire_producers(after),
            Job::Delete {
                partition,
                was_found,
            } => self.delete(partition, was_found),
            Job::Housekeep => self.housekeep(),
            Job::GiveBack => self.give_back(),
            Job::Retain => self.retain(),
            Job::Checkpoint => self.checkpoint(),
            Job::Close { closed } => self.closing = Some(closed),
        }
    }
}
