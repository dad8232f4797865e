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

/// A partition that was deleted while its log was being opened. The log is deleted once it is open; till then its directory has
/// the name that a new topic's log may ask for.
pub(super) struct Doomed<E: Env> {
    name: String,
    partition: Arc<Partition<E>>,
    /// Of a new topic of the same name: opened when the directory is free.
    successor: Option<Arc<Partition<E>>>,
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
            None => {
                let opening = Slot::Opening {
                    partition: Arc::clone(&partition),
                    leadership,
                    queued: Vec::new(),
                };
                self.partitions.insert(key, opening);
                let name = partition.name();
                match self.doomed.iter_mut().find(|doomed| doomed.name == name) {
                    Some(doomed) => doomed.successor = Some(partition),
                    None => self.open(&partition),
                }
            }
        }
    }

    fn open(&mut self, partition: &Partition<E>) {
        let key = partition.key;
        let directory = Arc::clone(&self.directory);
        let name = partition.name();
        let config = partition.config.load();
        let options = log_options(&config, self.producer_expiration);
        let counts_once_synced = leader_options(&config).counts_once_synced();
        let now = self.env.clock().wall();
        let was_clean = self.was_clean;
        let (spawn, lane) = (self.env.spawn().clone(), self.lane.clone());
        self.env.spawn().task(async move {
            let open = move || {
                let mut log = directory.open_log(&name, key.topic, options, now, was_clean)?;
                // What the crash left may have been acknowledged: it counts from the start, or the high watermark would go back.
                if counts_once_synced && let Some(job) = log.unsynced() {
                    let path = log.directory().to_path_buf();
                    let end = job.run().map_err(|error| OpenError::Io { path, error })?;
                    log.synced(end, now);
                }
                Ok(log)
            };
            let result = Box::new(spawn.blocking(open).await);
            lane.send(Job::Opened { key, result });
        });
    }

    pub(super) fn opened(&mut self, key: PartitionKey, result: Result<Log<E::Disk>, OpenError>) {
        let Some(Slot::Opening {
            partition,
            leadership,
            queued,
        }) = self.partitions.remove(&key)
        else {
            self.opened_doomed(key, result);
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

    /// What was asked of it meanwhile goes unanswered here: whoever asked sees that the channel is gone, and the partition too.
    pub(super) fn delete(&mut self, key: PartitionKey) {
        self.tell(key, Input::Resign(ErrorCode::UnknownTopicOrPartition));
        match self.partitions.remove(&key) {
            Some(Slot::Open(open)) => {
                open.partition.set_leader_epoch(None);
                open.partition.set_availability(Availability::Offline);
                self.delete_log(&open.partition, open.log);
            }
            Some(Slot::Opening { partition, .. }) => self.doom(&partition),
            Some(Slot::Offline) | None => {}
        }
    }

    fn doom(&mut self, partition: &Arc<Partition<E>>) {
        // It may not have begun to open: then there is nothing to wait for.
        let is_it = |waiting: &Arc<Partition<E>>| waiting.key == partition.key;
        for doomed in &mut self.doomed {
            if doomed.successor.take_if(|waiting| is_it(waiting)).is_some() {
                return;
            }
        }
        self.doomed.push(Doomed {
            name: partition.name(),
            partition: Arc::clone(partition),
            successor: None,
        });
    }

    fn opened_doomed(&mut self, key: PartitionKey, result: Result<Log<E::Disk>, OpenError>) {
        let place = self
            .doomed
            .iter()
            .position(|doomed| doomed.partition.key == key)
            .expect("a log that was being opened is waited for or doomed");
        let doomed = self.doomed.swap_remove(place);
        match result {
            Ok(log) => self.delete_log(&doomed.partition, log),
            Err(error) => {
                tracing::error!(partition = %doomed.name, %error, "cannot open the log to delete it");
            }
        }
        if let Some(successor) = doomed.successor {
            self.open(&successor);
        }
    }

    fn delete_log(&mut self, partition: &Partition<E>, log: Log<E::Disk>) {
        let delay = partition.config.load().file_delete_delay();
        match self.directory.delete_log(log, self.env.entropy().uuid()) {
            Ok(path) => self.deleting.push(Deleting {
                path,
                due: self.env.clock().monotonic() + delay,
            }),
            Err(error) => {
                tracing::error!(partition = %partition.name(), %error, "cannot delete the log");
            }
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
        self.resign_all(ErrorCode::KafkaStorageError);
        for slot in self.partitions.values_mut() {
            if let Slot::Open(open) = slot {
                open.partition.set_availability(Availability::Offline);
                *slot = Slot::Offline;
            }
        }
    }

    /// Whether a log is still being opened, and perhaps recovered.
    pub(super) fn is_opening(&self) -> bool {
        let is_opening = |slot: &Slot<E>| matches!(slot, Slot::Opening { .. });
        !self.doomed.is_empty() || self.partitions.values().any(is_opening)
    }

    /// Nothing may be opening: a directory is not clean with a log in it whose recovery nobody has seen to the end.
    pub(super) fn close(mut self, closed: oneshot::Sender<io::Result<()>>) {
        assert!(!self.is_opening(), "closed while a log is being opened");
        let _ = closed.send(self.close_all());
    }

    fn close_all(&mut self) -> io::Result<()> {
        self.resign_all(ErrorCode::NotLeaderOrFollower);
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

    fn resign_all(&mut self, code: ErrorCode) {
        let now = self.env.clock().monotonic();
        for (key, slot) in &mut self.partitions {
            if let Slot::Open(open) = slot {
                open.leader
                    .step(now, Input::Resign(code), &mut self.decided);
                open.carry_out(&self.env, &self.lane, *key, &mut self.decided);
            }
        }
    }
}
