//! Logs come and go: opened and recovered beside the lane, closed with it, deleted after `file.delete.delay.ms`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures::channel::oneshot;
use ottla_config::TopicConfig;
use ottla_env::{Clock, Disk, Entropy, Env, Spawn};
use ottla_log::{Log, OpenError};
use ottla_model::{ErrorCode, Monotonic};
use ottla_replica::{Input, Leader, Leadership};

use super::append::Joined;
use super::{Job, Open, Slot, Worker};
use crate::partition::{Availability, Partition, PartitionKey};
use crate::topic_rules::{leader_options, log_options};

/// A directory renamed out of the way, to be removed when readers that came before have had their time.
pub(super) struct Deleting {
    pub(super) path: PathBuf,
    pub(super) due: Monotonic,
}

impl<E: Env> Worker<E> {
    pub(super) fn lead(&mut self, partition: Arc<Partition<E>>, leadership: Leadership) {
        let key = partition.key;
        match self.partitions.get_mut(&key) {
            Some(Slot::Open(_)) => self.begin_epoch(key, leadership),
            Some(Slot::Opening {
                leadership: opening,
                ..
            }) => *opening = leadership,
            Some(Slot::Offline) => {}
            None => self.open(partition, leadership),
        }
    }

    fn open(&mut self, partition: Arc<Partition<E>>, leadership: Leadership) {
        let key = partition.key;
        let directory = Arc::clone(&self.directory);
        let name = partition.name();
        let options = log_options(&partition.config.load(), self.producer_expiration);
        let now = self.env.clock().wall();
        let was_clean = self.was_clean;
        let (spawn, lane) = (self.env.spawn().clone(), self.lane.clone());
        self.partitions.insert(
            key,
            Slot::Opening {
                partition,
                leadership,
                queued: Vec::new(),
            },
        );
        self.env.spawn().task(async move {
            let opened = spawn
                .blocking(move || directory.open_log(&name, key.topic, options, now, was_clean));
            let result = Box::new(opened.await);
            lane.send(Job::Opened { key, result });
        });
    }

    pub(super) fn opened(&mut self, key: PartitionKey, result: Result<Log<E::Disk>, OpenError>) {
        // It may have been deleted meanwhile.
        let Some(Slot::Opening {
            partition,
            leadership,
            queued,
        }) = self.partitions.remove(&key)
        else {
            return;
        };
        match result {
            Ok(mut log) => {
                let now = self.env.clock().monotonic();
                let options = leader_options(&partition.config.load());
                let leader = Leader::new(options, leadership, log.end(), log.synced_end(), now);
                log.set_high_watermark(leader.high_watermark());
                let reader = log.reader();
                let open = Open {
                    partition: Arc::clone(&partition),
                    log,
                    leader,
                    is_syncing: false,
                };
                self.partitions.insert(key, Slot::Open(Box::new(open)));
                self.begin_epoch(key, leadership);
                partition.set_availability(Availability::Open(reader));
                let mut joined = Joined::default();
                queued.into_iter().for_each(|append| joined.push(append));
                self.write(&mut joined);
            }
            Err(error) => {
                tracing::error!(partition = %partition.name(), %error, "cannot open the log");
                partition.set_availability(Availability::Offline);
                self.partitions.insert(key, Slot::Offline);
                for append in queued {
                    let _ = append.reply.send(Err(ErrorCode::KafkaStorageError.into()));
                }
            }
        }
    }

    pub(super) fn configure(&mut self, key: PartitionKey, config: &Arc<TopicConfig>) {
        match self.partitions.get_mut(&key) {
            Some(Slot::Open(open)) => {
                open.log
                    .configure(log_options(config, self.producer_expiration));
                open.partition.config.store(Arc::clone(config));
                self.tell(key, Input::Configure(leader_options(config)));
            }
            Some(Slot::Opening { partition, .. }) => partition.config.store(Arc::clone(config)),
            Some(Slot::Offline) | None => {}
        }
    }

    pub(super) fn delete(&mut self, key: PartitionKey) {
        self.tell(key, Input::Resign);
        let Some(Slot::Open(open)) = self.partitions.remove(&key) else {
            return;
        };
        open.partition.set_leader_epoch(None);
        open.partition.set_availability(Availability::Offline);
        let delay = open.partition.config.load().file_delete_delay();
        let name = open.partition.name();
        match self
            .directory
            .delete_log(open.log, self.env.entropy().uuid())
        {
            Ok(path) => self.deleting.push(Deleting {
                path,
                due: self.env.clock().monotonic() + delay,
            }),
            Err(error) => tracing::error!(partition = %name, %error, "cannot delete the log"),
        }
    }

    /// Removes what has waited for long enough.
    pub(super) fn remove_deleted(&mut self) {
        let now = self.env.clock().monotonic();
        let disk = self.env.disk();
        self.deleting.retain(|deleting| {
            if deleting.due > now {
                return true;
            }
            if let Err(error) = disk.remove_directory(&deleting.path) {
                tracing::warn!(path = %deleting.path.display(), %error, "cannot remove a deleted log; it is removed at the next start");
            }
            false
        });
    }

    /// The directory can no longer be trusted: its partitions go offline, and with them nothing else.
    pub(super) fn fail_directory(&mut self) {
        tracing::error!(directory = %self.directory.path().display(), "log directory offline");
        self.resign_all();
        for slot in self.partitions.values_mut() {
            if let Slot::Open(open) = slot {
                open.partition.set_availability(Availability::Offline);
                *slot = Slot::Offline;
            }
        }
    }

    pub(super) fn close(mut self, closed: oneshot::Sender<io::Result<()>>) {
        let _ = closed.send(self.close_all());
    }

    fn close_all(&mut self) -> io::Result<()> {
        self.resign_all();
        let mut first_error = Ok(());
        let mut points = Vec::new();
        for slot in self.partitions.values_mut() {
            if let Slot::Open(open) = slot {
                let result = open.log.close();
                points.push((open.partition.name(), open.log.point()));
                first_error = first_error.and(result);
            }
        }
        first_error.and_then(|()| self.directory.write_checkpoints(&points))
    }

    fn begin_epoch(&mut self, key: PartitionKey, leadership: Leadership) {
        self.tell(key, Input::Lead(leadership));
        let Some(Slot::Open(open)) = self.partitions.get_mut(&key) else {
            return;
        };
        if let Err(error) = open.log.assign_epoch(leadership.epoch) {
            tracing::error!(partition = %open.partition.name(), %error, "cannot record the leader epoch");
        }
        open.partition.set_leader_epoch(Some(leadership.epoch));
    }

    fn resign_all(&mut self) {
        let now = self.env.clock().monotonic();
        for (key, slot) in &mut self.partitions {
            if let Slot::Open(open) = slot {
                open.leader.step(now, Input::Resign, &mut self.decided);
                open.carry_out(&self.env, &self.lane, *key, &mut self.decided);
            }
        }
    }
}
