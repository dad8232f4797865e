//! What is due from time to time: retention, `flush.ms`, checkpoints, a look at the room, how far a recovery is.

use ottla_env::{Clock, Env, Spawn};
use ottla_replica::Input;

use super::{Job, Slot, Worker};

/// Idle logs that are synced at once, one behind the other: one of them that is used again meanwhile waits for so many.
const SYNCED_AT_ONCE: usize = 256;

impl<E: Env> Worker<E> {
    pub(super) fn housekeep(&mut self) {
        let now = self.env.clock().monotonic();
        for (key, slot) in &mut self.partitions {
            if let Slot::Open(open) = slot {
                open.leader.step(now, Input::Tick, &mut self.decided);
                if open.carry_out(&self.env, &self.lane, *key, &mut self.decided) {
                    open.partition.notify();
                }
            }
        }
        self.remove_deleted();
        self.look_at_room();
        self.report_recovery();
    }

    /// Has the logs that nobody uses give back what they hold. What is not on disk of them is brought there first, so that a start after
    /// a crash has nothing to do for them either.
    pub(super) fn give_back(&mut self) {
        let mut unsynced = Vec::new();
        let mut failed = false;
        for (key, slot) in &mut self.partitions {
            let Slot::Open(open) = slot else { continue };
            match open.log.give_back_unused() {
                Ok(has_unsynced) => {
                    if has_unsynced
                        && !open.is_syncing
                        && unsynced.len() < SYNCED_AT_ONCE
                        && let Some(job) = open.log.unsynced()
                    {
                        open.is_syncing = true;
                        unsynced.push((*key, job));
                    }
                }
                Err(error) => {
                    tracing::error!(partition = %open.partition.name(), %error, "cannot write the indexes");
                    failed = true;
                }
            }
        }
        if !unsynced.is_empty() {
            let (spawn, lane) = (self.env.spawn().clone(), self.lane.clone());
            self.env.spawn().task(async move {
                let run = move || unsynced.into_iter().map(|(key, job)| (key, job.run()));
                let results: Vec<_> = spawn.blocking(move || run().collect()).await;
                for (key, result) in results {
                    lane.send(Job::Synced { key, result });
                }
            });
        }
        if failed {
            self.fail_directory();
        }
    }

    pub(super) fn retain(&mut self) {
        let now = self.env.clock().wall();
        self.has_new_points = true;
        let mut failed = false;
        for slot in self.partitions.values_mut() {
            if let Slot::Open(open) = slot
                && let Err(error) = open.log.retain(now)
            {
                tracing::error!(partition = %open.partition.name(), %error, "cannot apply retention");
                failed = true;
            }
        }
        if failed {
            self.fail_directory();
        }
    }

    pub(super) fn checkpoint(&mut self) {
        // While logs are being opened the files on disk know more than we do.
        if !self.has_new_points || self.is_opening() {
            return;
        }
        self.has_new_points = false;
        if let Err(error) = self.directory.write_checkpoints(&self.points()) {
            tracing::error!(%error, "cannot write the checkpoints");
            self.fail_directory();
        }
    }
}
