//! Appends: joined per partition, written at once, answered when they are as durable as the topic asks.

use futures::channel::oneshot;
use ottla_env::{Clock, Env};
use ottla_log::AppendError;
use ottla_log::validate::ValidBatch;
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset, Timestamp};
use ottla_replica::{Acks, Input, Leader, Outputs};
use rustc_hash::FxHashMap;

use super::openings::Opening;
use super::{Slot, Worker};
use crate::partition::PartitionKey;

/// A batch on its way into a partition's log.
pub(crate) struct Append {
    pub(crate) key: PartitionKey,
    pub(crate) batch: ValidBatch,
    /// That of the leader the batch was checked under; a batch for an earlier leadership is refused.
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) acks: Acks,
    pub(crate) reply: oneshot::Sender<Result<Appended, AppendFailure>>,
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
    pub(super) reply: oneshot::Sender<Result<Appended, AppendFailure>>,
}

/// Why a batch is not in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppendFailure {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
}

impl From<ErrorCode> for AppendFailure {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
        }
    }
}

/// Appends in the order they came, by partition.
#[derive(Default)]
pub(super) struct Joined {
    by_partition: FxHashMap<PartitionKey, Vec<Append>>,
}

impl Joined {
    pub(super) fn push(&mut self, append: Append) {
        self.by_partition
            .entry(append.key)
            .or_default()
            .push(append);
    }
}

impl<E: Env> Worker<E> {
    pub(super) fn write(&mut self, joined: &mut Joined) {
        let now = (self.env.clock().wall(), self.env.clock().monotonic());
        let mut failed = false;
        for (key, appends) in joined.by_partition.drain() {
            match self.partitions.get_mut(&key) {
                None => refuse(appends, ErrorCode::NotLeaderOrFollower),
                Some(Slot::Offline(_)) => refuse(appends, ErrorCode::KafkaStorageError),
                // It may take minutes, and whoever waits asks again meanwhile.
                Some(Slot::Opening {
                    opening: Opening::Recovery,
                    ..
                }) => refuse(appends, ErrorCode::NotLeaderOrFollower),
                Some(Slot::Opening { queued, .. }) => queued.extend(appends),
                Some(Slot::Open(open)) => {
                    self.has_new_points = true;
                    let admitted = appends
                        .into_iter()
                        // Also where nobody waits for it any more: what the producer has sent behind it must not come in front of it.
                        .filter_map(|append| admit(&open.leader, append))
                        .collect();
                    failed |= !write_one(open, admitted, now, &mut self.decided);
                    open.carry_out(&self.env, &self.lane, key, &mut self.decided);
                    open.sync_sealed(&self.env, &self.lane, key);
                }
            }
        }
        if failed {
            self.fail_directory();
        }
    }
}

fn refuse(appends: Vec<Append>, code: ErrorCode) {
    for append in appends {
        // Whoever no longer waits need not know.
        let _ = append.reply.send(Err(code.into()));
    }
}

/// Gives the append back if the leader takes it; its sender has been told if not.
fn admit(leader: &Leader<Producer>, append: Append) -> Option<Append> {
    match leader.admit(append.leader_epoch, append.acks) {
        Ok(()) => Some(append),
        Err(refusal) => {
            let _ = append.reply.send(Err(refusal.code().into()));
            None
        }
    }
}

/// False when the disk failed.
fn write_one<E: Env>(
    open: &mut super::Open<E>,
    appends: Vec<Append>,
    (now, monotonic): (Timestamp, Monotonic),
    decided: &mut Outputs<Producer>,
) -> bool {
    let (batches, replies): (Vec<_>, Vec<_>) = appends
        .into_iter()
        .map(|append| (append.batch, append.reply))
        .unzip();
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
                let _ = reply.send(Err(AppendFailure {
                    code: error.code(),
                    message: Some(error.to_string()),
                }));
            }
        }
    }
    let end = open.log.end();
    open.leader
        .step(monotonic, Input::Appended { end }, decided);
    healthy
}
