//! Records deleted by clients: the starts of logs move, and are on disk before anybody hears of it.

use futures::channel::oneshot;
use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, Offset};
use ottla_replica::Acks;

use super::{Slot, Worker};
use crate::partition::PartitionKey;

/// What a client wants to be rid of.
pub(crate) struct DeleteRecords {
    pub(crate) key: PartitionKey,
    /// That of the leader the request was checked under.
    pub(crate) leader_epoch: LeaderEpoch,
    /// All below; `None` for all that is replicated.
    pub(crate) before: Option<Offset>,
    /// Told where the log begins then. OFFSET_OUT_OF_RANGE beyond what is replicated.
    pub(crate) reply: oneshot::Sender<Result<Offset, ErrorCode>>,
}

/// A log that begins later, which the disk does not know yet.
pub(super) struct Deletion {
    key: PartitionKey,
    reply: oneshot::Sender<Result<Offset, ErrorCode>>,
}

impl<E: Env> Worker<E> {
    /// Whoever asked hears of it with [`answer_deletions`](Self::answer_deletions).
    pub(super) fn delete_records(&mut self, deletion: DeleteRecords) {
        let DeleteRecords {
            key,
            leader_epoch,
            before,
            reply,
        } = deletion;
        match self.move_start(key, leader_epoch, before) {
            Ok(()) => self.deletions.push(Deletion { key, reply }),
            Err(code) => {
                // Whoever asked may have left.
                let _ = reply.send(Err(code));
            }
        }
    }

    fn move_start(
        &mut self,
        key: PartitionKey,
        leader_epoch: LeaderEpoch,
        before: Option<Offset>,
    ) -> Result<(), ErrorCode> {
        let open = match self.partitions.get_mut(&key) {
            Some(Slot::Open(open)) => open,
            Some(Slot::Offline(_)) => return Err(ErrorCode::KafkaStorageError),
            Some(Slot::Opening { .. }) | None => return Err(ErrorCode::NotLeaderOrFollower),
        };
        // Who leads may append, and no less may delete.
        let admitted = open.leader.admit(leader_epoch, Acks::Leader);
        admitted.map_err(|refusal| refusal.code())?;
        let high_watermark = open.log.reader().high_watermark();
        let before = before.unwrap_or(high_watermark);
        if !before.is_known() || before > high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let now = self.env.clock().wall();
        let Err(error) = open.log.advance_log_start(before, now) else {
            return Ok(());
        };
        tracing::error!(partition = %open.partition.name(), %error, "cannot delete records");
        self.fail_directory();
        Err(ErrorCode::KafkaStorageError)
    }

    /// One write of the checkpoint for all that were moved together.
    pub(super) fn answer_deletions(&mut self) {
        if self.deletions.is_empty() {
            return;
        }
        let deletions = std::mem::take(&mut self.deletions);
        let points = deletions.iter().filter_map(|deletion| {
            let Some(Slot::Open(open)) = self.partitions.get(&deletion.key) else {
                return None;
            };
            Some((open.partition.name(), open.log.point()))
        });
        let points: Vec<_> = points.collect();
        if !self.has_failed
            && let Err(error) = self.directory.write_log_starts(&points)
        {
            tracing::error!(%error, "cannot write where the logs begin");
            self.fail_directory();
        }
        for Deletion { key, reply } in deletions {
            let outcome = match self.partitions.get(&key) {
                Some(Slot::Open(open)) => Ok(open.log.point().log_start),
                Some(Slot::Offline(_)) => Err(ErrorCode::KafkaStorageError),
                Some(Slot::Opening { .. }) | None => Err(ErrorCode::NotLeaderOrFollower),
            };
            let _ = reply.send(outcome);
        }
    }
}
