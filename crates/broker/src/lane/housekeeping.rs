//! What is due from time to time: retention, `flush.ms`, checkpoints, how far a recovery is.

use ottla_env::{Clock, Env};
use ottla_replica::Input;

use super::{Slot, Worker};

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
        self.report_recovery();
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
