//! What a leader decides, carried out: the high watermark moves, producers are answered, syncs are shared by all that wait for them.

use std::io;

use ottla_env::{Clock, Env, Spawn};
use ottla_log::SyncJob;
use ottla_model::Offset;
use ottla_replica::{Input, Output, Outputs};

use super::{Job, Lane, Open, Producer, Slot, Worker};
use crate::partition::PartitionKey;

impl<E: Env> Open<E> {
    /// Whether there is more to read now, of which the partition's readers are to be told.
    #[must_use]
    pub(super) fn carry_out(
        &mut self,
        env: &E,
        lane: &Lane<E>,
        key: PartitionKey,
        decided: &mut Outputs<Producer>,
    ) -> bool {
        let mut has_more = false;
        for output in decided.drain(..) {
            match output {
                Output::HighWatermark(offset) => has_more |= self.log.set_high_watermark(offset),
                Output::Acknowledge(producer) => producer.reply.tell(Ok(producer.appended)),
                Output::Abandon(producer, code) => producer.reply.tell(Err(code.into())),
                Output::Sync => self.start_sync(env, lane, key, self.log.unsynced()),
            }
        }
        has_more
    }

    /// Begins a sync of the segments that were rolled, as every log has it whatever its topic asks for: after a power cut no more than
    /// the last segment is in doubt.
    pub(super) fn sync_sealed(&mut self, env: &E, lane: &Lane<E>, key: PartitionKey) {
        self.start_sync(env, lane, key, self.log.sealed_unsynced());
    }

    /// Begins the sync unless one runs: whoever hears of its end begins the next.
    fn start_sync(
        &mut self,
        env: &E,
        lane: &Lane<E>,
        key: PartitionKey,
        job: Option<SyncJob<E::Disk>>,
    ) {
        let Some(job) = job.filter(|_| !self.is_syncing) else {
            return;
        };
        self.is_syncing = true;
        let (spawn, lane) = (env.spawn().clone(), lane.clone());
        env.spawn().task(async move {
            let result = spawn.blocking(move || job.run()).await;
            lane.send(Job::Synced { key, result });
        });
    }
}

impl<E: Env> Worker<E> {
    /// Tells the leader of an open partition, and carries out what it decides.
    pub(super) fn tell(&mut self, key: PartitionKey, input: Input<Producer>) {
        if let Some(Slot::Open(open)) = self.partitions.get_mut(&key) {
            let now = self.env.clock().monotonic();
            open.leader.step(now, input, &mut self.decided);
            if open.carry_out(&self.env, &self.lane, key, &mut self.decided) {
                open.partition.notify();
            }
        }
    }

    fn sync_sealed(&mut self, key: PartitionKey) {
        if let Some(Slot::Open(open)) = self.partitions.get_mut(&key) {
            open.sync_sealed(&self.env, &self.lane, key);
        }
    }

    pub(super) fn synced(&mut self, key: PartitionKey, result: io::Result<Offset>) {
        let Some(Slot::Open(open)) = self.partitions.get_mut(&key) else {
            return;
        };
        open.is_syncing = false;
        self.has_new_points = true;
        match result {
            Ok(end) => {
                open.log.synced(end);
                let end = open.log.synced_end();
                self.tell(key, Input::Synced { end });
                self.sync_sealed(key);
            }
            Err(error) => {
                // After a failed sync the kernel may have dropped the pages: nothing written since the last one can be trusted.
                tracing::error!(partition = %open.partition.name(), %error, "cannot sync");
                self.fail_directory();
            }
        }
    }
}
