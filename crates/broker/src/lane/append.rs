//! Appends: joined per partition, written at once, answered when they are as durable as the topic asks.

use std::sync::Arc;

use ottla_env::{Clock, Disk, Env};
use ottla_log::AppendError;
use ottla_log::validate::ValidBatch;
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset, Timestamp};
use ottla_replica::{Acks, Input, Outputs};

use super::answers::Reply;
use super::openings::Opening;
use super::room::{Room, Watermark, Writer};
use super::{Open, Slot, Worker};
use crate::internal_topics::is_internal;
use crate::partition::PartitionKey;

/// A batch on its way into a partition's log.
pub(crate) struct Append {
    pub(crate) key: PartitionKey,
    pub(crate) batch: ValidBatch,
    /// That of the leader the batch was checked under; a batch for an earlier leadership is refused.
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) acks: Acks,
    pub(crate) reply: Reply,
}

/// Where the batch is, or was before: a repeated batch of an idempotent producer has its first place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: Offset,
    /// -1 unless the leader sets the timestamps.
    pub(crate) log_append_time: Timestamp,
    pub(crate) log_start_offset: Offset,
}

/// Whoever waits for a batch to count.
pub(super) struct Producer {
    pub(super) appended: Appended,
    pub(super) reply: Reply,
}

/// Why a batch is not in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppendFailure {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
    /// It was turned away before anything of it was written: it is not in the log, and never will be.
    pub(crate) is_refused: bool,
}

impl AppendFailure {
    fn refused(code: ErrorCode, message: Option<String>) -> Self {
        Self {
            code,
            message,
            is_refused: true,
        }
    }
}

impl From<ErrorCode> for AppendFailure {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
            is_refused: false,
        }
    }
}

/// Admitted batches of a partition in the order they came, until they are written at once.
#[derive(Default)]
pub(super) struct Joined {
    batches: Vec<ValidBatch>,
    replies: Vec<Reply>,
}

impl<E: Env> Worker<E> {
    /// Looks how much room there is, if these may be more than there was left when it was last looked at.
    pub(super) fn watch_room(&mut self, batches: &[Append]) {
        let sizes = batches
            .iter()
            .map(|append| append.batch.header().size as u64);
        if self.watermark.must_look(sizes.sum()) {
            self.look_at_room();
        }
    }

    pub(super) fn look_at_room(&mut self) {
        let path = self.directory.path();
        // Where that cannot be said, the writes will tell.
        let Ok(space) = self.env.disk().space(path) else {
            return;
        };
        let (directory, free) = (path.display(), space.free);
        match self.watermark.look(space) {
            Some(Room::Enough) => {
                tracing::warn!(%directory, free, "there is room again: records are taken")
            }
            Some(room) => {
                tracing::error!(%directory, free, ?room, "nearly full: no records are taken until there is room (log.dirs.min.free.bytes)")
            }
            None => {}
        }
    }

    /// Joins the batch to those that the next write of its partition takes.
    pub(super) fn join(&mut self, append: Append) {
        let now = || self.env.clock().monotonic();
        let refused = match self.partitions.get_mut(&append.key) {
            None => ErrorCode::NotLeaderOrFollower.into(),
            Some(Slot::Offline(_)) => ErrorCode::KafkaStorageError.into(),
            // It may take minutes, and whoever waits asks again meanwhile.
            Some(Slot::Opening {
                opening: Opening::Recovery,
                turned_away,
                ..
            }) => {
                turned_away.add(append.batch.header(), now());
                ErrorCode::NotLeaderOrFollower.into()
            }
            Some(Slot::Opening { queued, .. }) => return queued.push(append),
            Some(Slot::Open(open)) => {
                let Err(refused) = open.admit(&append, &self.watermark, now) else {
                    if open.joined.batches.is_empty() {
                        self.to_write.push(append.key);
                    }
                    return open.join(append);
                };
                refused
            }
        };
        append.reply.tell(Err(refused));
    }

    /// Writes what has been joined.
    pub(super) fn write(&mut self) {
        if self.to_write.is_empty() {
            return;
        }
        let now = (self.env.clock().wall(), self.env.clock().monotonic());
        self.has_new_points = true;
        let mut failed = false;
        for key in self.to_write.drain(..) {
            let Some(Slot::Open(open)) = self.partitions.get_mut(&key) else {
                unreachable!("a log is closed by a job, before which everything is written")
            };
            failed |= !write_one(open, now, &mut self.decided);
            if open.carry_out(&self.env, &self.lane, key, &mut self.decided) {
                self.to_tell.push(Arc::clone(&open.partition));
            }
            open.sync_sealed(&self.env, &self.lane, key);
        }
        // Now, and not one by one: whoever reads many of them is to find what there is of all, and not to come back for each.
        self.to_tell
            .drain(..)
            .for_each(|partition| partition.notify());
        if failed {
            self.fail_directory();
        }
    }
}

impl<E: Env> Open<E> {
    /// The batch joins, also where nobody waits for it any more: what the producer has sent behind it must not come in front of it.
    fn join(&mut self, append: Append) {
        self.turned_away.remove(append.batch.header());
        self.joined.batches.push(append.batch);
        self.joined.replies.push(append.reply);
    }

    /// Whether the batch may join. One that may not is remembered where the log could take another of its producer for the beginning.
    fn admit(
        &mut self,
        append: &Append,
        watermark: &Watermark,
        now: impl Fn() -> Monotonic,
    ) -> Result<(), AppendFailure> {
        let batch = append.batch.header();
        let admitted = self.check(append, watermark, &now);
        if admitted.is_err() && !self.log.knows_producer(batch.producer_id) {
            self.turned_away.add(batch, now());
        }
        admitted
    }

    fn check(
        &self,
        append: &Append,
        watermark: &Watermark,
        now: impl FnOnce() -> Monotonic,
    ) -> Result<(), AppendFailure> {
        let batch = append.batch.header();
        let refused = |code, message: Option<&str>| {
            let message = message.map(str::to_owned);
            Err(AppendFailure::refused(code, message))
        };
        let writer = if is_internal(&self.partition.topic) {
            Writer::Coordinator
        } else {
            Writer::Client
        };
        if !watermark.takes(writer) {
            let message = "the disk is nearly full: nothing is taken until there is room";
            return refused(ErrorCode::KafkaStorageError, Some(message));
        }
        if let Err(refusal) = self.leader.admit(append.leader_epoch, append.acks) {
            return refused(refusal.code(), None);
        }
        // A log that knows the producer says itself what comes next.
        if self.turned_away.holds_up(batch, now) && !self.log.knows_producer(batch.producer_id) {
            let message =
                "what its producer has sent before was turned away, and has not come again";
            return refused(ErrorCode::KafkaStorageError, Some(message));
        }
        Ok(())
    }
}

/// False when the disk failed.
fn write_one<E: Env>(
    open: &mut Open<E>,
    (now, monotonic): (Timestamp, Monotonic),
    decided: &mut Outputs<Producer>,
) -> bool {
    let Joined { batches, replies } = std::mem::take(&mut open.joined);
    let results = open.log.append_many(batches, open.leader.epoch(), now);
    assert_eq!(results.len(), replies.len(), "an answer per batch");
    let mut healthy = true;
    for (result, reply) in results.into_iter().zip(replies) {
        match result {
            Ok(done) => {
                let appended = Appended {
                    base_offset: done.base_offset,
                    log_append_time: done.log_append_time,
                    log_start_offset: done.log_start_offset,
                };
                let waits = Input::Wait {
                    offset: done.last_offset.next(),
                    producer: Producer { appended, reply },
                };
                open.leader.step(monotonic, waits, decided);
            }
            Err(error) => {
                if let AppendError::Io(error) = &error {
                    tracing::error!(partition = %open.partition.name(), %error, "cannot append");
                    healthy = false;
                }
                reply.tell(Err(AppendFailure {
                    code: error.code(),
                    message: Some(error.to_string()),
                    is_refused: false,
                }));
            }
        }
    }
    let end = open.log.end();
    open.leader
        .step(monotonic, Input::Appended { end }, decided);
    healthy
}
