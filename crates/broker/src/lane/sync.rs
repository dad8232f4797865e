//! Syncs shared by all that wait for them, and the high watermark that follows.
//!
//! Kafka counts a record as replicated when it is in the page cache of every in-sync replica; `flush.messages` and `flush.ms` ask
//! for more. Where a topic asks, a batch counts only once it is synced, so that a consumer never sees what a power cut could take
//! back while its producer still waits.

use std::collections::VecDeque;
use std::io;

use futures::channel::oneshot;
use ottla_env::{Clock, Env, Spawn};
use ottla_model::Offset;

use super::{AppendFailure, Appended, Job, Lane, Open, Slot, Worker};
use crate::partition::PartitionKey;

struct Waiting {
    /// The offset behind the batch.
    end: Offset,
    appended: Appended,
    reply: oneshot::Sender<Result<Appended, AppendFailure>>,
}

/// Who waits for what to be on disk. Ordered by offset, except for repeated batches, which have lower ones and hold nobody up.
#[derive(Default)]
pub(super) struct SyncState {
    waiting: VecDeque<Waiting>,
    /// At most one sync per partition: the next shares everything that was written meanwhile.
    is_running: bool,
}

impl SyncState {
    pub(super) fn wait(
        &mut self,
        end: Offset,
        appended: Appended,
        reply: oneshot::Sender<Result<Appended, AppendFailure>>,
    ) {
        self.waiting.push_back(Waiting {
            end,
            appended,
            reply,
        });
    }

    pub(super) fn fail(&mut self) {
        for waiting in self.waiting.drain(..) {
            let _ = waiting
                .reply
                .send(Err(ottla_model::ErrorCode::KafkaStorageError.into()));
        }
    }
}

impl<E: Env> Open<E> {
    /// Moves the high watermark as far as it may go, and answers all below it.
    pub(super) fn settle(&mut self) {
        let high_watermark = if self.flushes_every_append() {
            self.log.synced_end()
        } else {
            self.log.end()
        };
        if self.log.set_high_watermark(high_watermark) {
            self.partition.notify();
        }
        while self
            .sync
            .waiting
            .front()
            .is_some_and(|waiting| waiting.end <= high_watermark)
        {
            let waiting = self.sync.waiting.pop_front().expect("there is a front");
            let _ = waiting.reply.send(Ok(waiting.appended));
        }
    }

    fn flushes_every_append(&self) -> bool {
        self.partition.config.load().flush_messages() == 1
    }

    /// `flush.messages` records are written and not synced.
    fn wants_sync(&self) -> bool {
        self.log.end() - self.log.synced_end() >= self.partition.config.load().flush_messages()
    }
}

impl<E: Env> Worker<E> {
    pub(super) fn synced(&mut self, key: PartitionKey, result: io::Result<Offset>) {
        let Some(Slot::Open(open)) = self.partitions.get_mut(&key) else {
            return;
        };
        open.sync.is_running = false;
        match result {
            Ok(end) => {
                open.log.synced(end, self.env.clock().wall());
                open.settle();
                start_if_wanted(&self.env, &self.lane, key, open);
            }
            Err(error) => {
                // After a failed sync the kernel may have dropped the pages: nothing written since the last one can be trusted.
                tracing::error!(partition = %open.partition.name(), %error, "cannot sync");
                self.fail_directory();
            }
        }
    }
}

/// Begins a sync where one is due and none runs.
pub(super) fn start_if_wanted<E: Env>(
    env: &E,
    lane: &Lane<E>,
    key: PartitionKey,
    open: &mut Open<E>,
) {
    if open.wants_sync() {
        start(env, lane, key, open);
    }
}

/// Begins a sync of all that is written and not synced, unless one runs.
pub(super) fn start<E: Env>(env: &E, lane: &Lane<E>, key: PartitionKey, open: &mut Open<E>) {
    if open.sync.is_running {
        return;
    }
    let Some(job) = open.log.unsynced() else {
        return;
    };
    open.sync.is_running = true;
    let (spawn, lane) = (env.spawn().clone(), lane.clone());
    env.spawn().task(async move {
        let result = spawn.blocking(move || job.run()).await;
        lane.send(Job::Synced { key, result });
    });
}
