//! Logs come and go: opened and recovered beside the lane, closed with it, deleted after `file.delete.delay.ms`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use ottla_env::{Clock, Disk, Entropy, Env, Spawn};
use ottla_log::{Log, LogPoint, OpenError};
use ottla_model::{ErrorCode, Monotonic};
use ottla_replica::{Input, Leader, Leadership};

use super::append::{Append, Joined};
use super::openings::{Opening, OpeningJob};
use super::progress::Report;
use super::turned_away::TurnedAway;
use super::{Job, Open, Slot, Worker};
use crate::partition::{Availability, Partition, PartitionKey};
use crate::topic_rules::{leader_options, log_options};

/// For how long a log may be open before the lane hears of it, as long as the one behind it is not being opened.
const UNTOLD: Duration = Duration::from_millis(10);

/// A directory renamed out of the way, to be removed when readers that came before have had their time.
pub(super) struct Deleting {
    pub(super) path: PathBuf,
    pub(super) due: Monotonic,
}

/// What has come of an opening.
pub(crate) struct Opened<E: Env> {
    pub(super) key: PartitionKey,
    /// `None` where the log was deleted before its turn.
    pub(super) result: Option<Result<Log<E::Disk>, OpenError>>,
    /// By the lane that has handed it over.
    pub(super) turned_away: TurnedAway,
}

/// A partition that was deleted while its log was being opened. The log is deleted once it is open; till then its directory has
/// the name that a new topic's log may ask for.
pub(super) struct Doomed<E: Env> {
    name: String,
    partition: Arc<Partition<E>>,
    /// Of a new topic of the same name: its log is opened when the directory is free.
    successor: Option<PartitionKey>,
}

impl<E: Env> Worker<E> {
    pub(super) fn lead(
        &mut self,
        partition: Arc<Partition<E>>,
        leadership: Leadership,
        was_found: bool,
    ) {
        let key = partition.key;
        match self.partitions.get_mut(&key) {
            Some(Slot::Open(_)) => self.begin_epoch(key, leadership),
            Some(Slot::Opening {
                leadership: opening,
                ..
            }) => *opening = leadership,
            Some(Slot::Offline(_)) => {}
            None if self.has_failed => {
                partition.set_availability(Availability::Offline);
                self.partitions.insert(key, Slot::Offline(partition));
            }
            None => {
                let name = partition.name();
                let opening = match (was_found, self.options.was_clean) {
                    (false, _) => Opening::New,
                    (true, true) => Opening::Plain,
                    (true, false) => Opening::Recovery,
                };
                let slot = Slot::Opening {
                    partition,
                    leadership,
                    opening,
                    has_begun: false,
                    queued: Vec::new(),
                    turned_away: TurnedAway::default(),
                };
                self.partitions.insert(key, slot);
                match self.doomed.iter_mut().find(|doomed| doomed.name == name) {
                    Some(doomed) => doomed.successor = Some(key),
                    None => self.openings.push(key, opening),
                }
                self.open_next();
                self.report_recovery();
            }
        }
    }

    /// Opens, and perhaps recovers, as many logs as may be opened at once, beside the lane.
    fn open_next(&mut self) {
        while let Some((keys, opening)) = self.openings.begin() {
            let jobs: Vec<_> = keys
                .iter()
                .map(|key| (*key, self.opening_job(*key)))
                .collect();
            let (clock, lane) = (self.env.clock().clone(), self.lane.clone());
            let tell = move |opened, is_over| {
                lane.send(Job::Opened {
                    opening,
                    opened,
                    is_over,
                });
            };
            let open = move || {
                let mut told = clock.monotonic();
                let mut opened = Vec::new();
                for (key, job) in jobs {
                    // A log that takes long does not keep those before it waiting.
                    if !opened.is_empty() && clock.monotonic() - told > UNTOLD {
                        told = clock.monotonic();
                        tell(std::mem::take(&mut opened), false);
                    }
                    opened.push(Opened {
                        key,
                        result: job.map(OpeningJob::run),
                        turned_away: TurnedAway::default(),
                    });
                }
                tell(opened, true);
            };
            let spawn = self.env.spawn().clone();
            self.env
                .spawn()
                .task(async move { spawn.blocking(open).await });
        }
    }

    /// `None` where the log was deleted before its turn.
    fn opening_job(&mut self, key: PartitionKey) -> Option<OpeningJob<E::Disk>> {
        let Some(Slot::Opening {
            partition,
            leadership,
            has_begun,
            ..
        }) = self.partitions.get_mut(&key)
        else {
            return None;
        };
        *has_begun = true;
        let config = partition.config();
        Some(OpeningJob {
            directory: Arc::clone(&self.directory),
            name: partition.name(),
            topic: key.topic,
            options: log_options(&config, key, self.options.producer_expiration),
            was_clean: self.options.was_clean,
            counts_once_synced: leader_options(&config).counts_once_synced(),
            epoch: leadership.epoch,
            now: self.env.clock().wall(),
        })
    }

    /// Says how far the recovery is, where that is worth a line.
    pub(super) fn report_recovery(&mut self) {
        let directory = self.directory.path().display();
        match self.openings.report(self.env.clock().monotonic()) {
            Some(Report::Recovering { done, logs }) => {
                tracing::warn!(%directory, "recovering after an unclean stop: {done} of {logs} logs are done");
            }
            Some(Report::Recovered { logs, took }) => {
                tracing::warn!(%directory, "recovered {logs} logs after an unclean stop in {:.1} s", took.as_secs_f64());
            }
            None => {}
        }
    }

    pub(super) fn opened(&mut self, opening: Opening, opened: Vec<Opened<E>>, is_over: bool) {
        self.openings.opened(opening, opened.len());
        if is_over {
            self.openings.ended(opening);
        }
        for Opened {
            key,
            result,
            turned_away: before,
        } in opened
        {
            let Some(result) = result else { continue };
            match self.partitions.remove(&key) {
                Some(Slot::Opening {
                    partition,
                    leadership,
                    queued,
                    mut turned_away,
                    ..
                }) => {
                    turned_away.extend(before);
                    self.take_over(partition, leadership, queued, turned_away, result);
                }
                _ => self.opened_doomed(key, result),
            }
        }
        self.open_next();
        self.report_recovery();
    }

    fn take_over(
        &mut self,
        partition: Arc<Partition<E>>,
        leadership: Leadership,
        queued: Vec<Append>,
        turned_away: TurnedAway,
        result: Result<Log<E::Disk>, OpenError>,
    ) {
        let key = partition.key;
        self.has_new_points = true;
        match result {
            Ok(mut log) if !self.has_failed => {
                let now = self.env.clock().monotonic();
                let config = partition.config();
                // It may have changed while the log was being opened.
                log.configure(log_options(&config, key, self.options.producer_expiration));
                let options = leader_options(&config);
                let leader = Leader::new(options, leadership, log.end(), log.synced_end(), now);
                log.set_high_watermark(leader.high_watermark());
                let reader = log.reader();
                let open = Open {
                    partition: Arc::clone(&partition),
                    log,
                    leader,
                    joined: Joined::default(),
                    turned_away,
                    is_syncing: false,
                };
                self.partitions.insert(key, Slot::Open(Box::new(open)));
                partition.set_availability(Availability::Open(reader));
                self.begin_epoch(key, leadership);
                queued.into_iter().for_each(|append| self.join(append));
                self.write();
            }
            result => {
                if let Err(error) = result {
                    tracing::error!(partition = %partition.name(), %error, "cannot open the log");
                }
                partition.set_availability(Availability::Offline);
                self.partitions.insert(key, Slot::Offline(partition));
                for append in queued {
                    append.reply.tell(Err(ErrorCode::KafkaStorageError.into()));
                }
            }
        }
    }

    /// Another node leads from now on, or nobody.
    pub(super) fn resign(&mut self, key: PartitionKey) {
        self.tell(key, Input::Resign(ErrorCode::NotLeaderOrFollower));
    }

    /// A log that is not open yet takes the configuration that its partition has when it is.
    pub(super) fn configure(&mut self, key: PartitionKey) {
        let Some(Slot::Open(open)) = self.partitions.get_mut(&key) else {
            return;
        };
        let config = open.partition.config();
        open.log
            .configure(log_options(&config, key, self.options.producer_expiration));
        self.tell(key, Input::Configure(leader_options(&config)));
    }

    pub(super) fn expire_producers(&mut self, after: Duration) {
        self.options.producer_expiration = after;
        for (key, slot) in &mut self.partitions {
            if let Slot::Open(open) = slot {
                let config = open.partition.config();
                open.log.configure(log_options(&config, *key, after));
            }
        }
    }

    /// What was asked of it meanwhile goes unanswered here: whoever asked sees that the channel is gone, and the partition too.
    pub(super) fn delete(&mut self, partition: Arc<Partition<E>>, was_found: bool) {
        let key = partition.key;
        self.tell(key, Input::Resign(ErrorCode::UnknownTopicOrPartition));
        // Also of a log that is not open: nobody else would wake who waits for it.
        partition.set_availability(Availability::Offline);
        match self.partitions.remove(&key) {
            Some(Slot::Opening {
                has_begun: true, ..
            }) => self.doomed.push(Doomed {
                name: partition.name(),
                partition,
                successor: None,
            }),
            // Nothing is there of a new log whose turn has not come, but perhaps something of the one whose name it has.
            Some(Slot::Opening { .. }) | None if !was_found => {}
            slot => {
                drop(slot);
                self.delete_files(&partition);
            }
        }
    }

    fn opened_doomed(&mut self, key: PartitionKey, result: Result<Log<E::Disk>, OpenError>) {
        let place = self
            .doomed
            .iter()
            .position(|doomed| doomed.partition.key == key)
            .expect("a log that was being opened is waited for or doomed");
        let doomed = self.doomed.swap_remove(place);
        if let Err(error) = &result {
            tracing::error!(partition = %doomed.name, %error, "cannot open a log that is to be deleted");
        }
        drop(result);
        self.delete_files(&doomed.partition);
        if let Some(successor) = doomed.successor {
            self.openings.push(successor, Opening::New);
        }
    }

    /// Of a log that nobody has open any more.
    fn delete_files(&mut self, partition: &Partition<E>) {
        if self.has_failed {
            return;
        }
        self.has_new_points = true;
        let (name, delay) = (partition.name(), partition.config().file_delete_delay());
        match self.directory.delete_log(&name, self.env.entropy().uuid()) {
            Ok(Some(path)) => self.deleting.push(Deleting {
                path,
                due: self.env.clock().monotonic() + delay,
            }),
            // It could not be opened, and has come to nothing.
            Ok(None) => {}
            Err(error) => {
                tracing::error!(partition = %name, %error, "cannot delete the log");
                self.fail_directory();
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
        self.has_failed = true;
        self.failed.tell();
        self.resign_all(ErrorCode::KafkaStorageError);
        // What is being opened now goes offline when it is open.
        for slot in self.partitions.values_mut() {
            if let Slot::Open(open) = slot {
                open.partition.set_availability(Availability::Offline);
                *slot = Slot::Offline(Arc::clone(&open.partition));
            }
        }
    }

    /// Waits no more for the turn of logs whose opening has not begun: what is on disk of them stays as it is.
    pub(super) fn drop_openings(&mut self) {
        self.openings.clear();
        for slot in self.partitions.values_mut() {
            if let Slot::Opening {
                partition,
                has_begun: false,
                ..
            } = slot
            {
                *slot = Slot::Offline(Arc::clone(partition));
            }
        }
    }

    pub(super) fn is_opening(&self) -> bool {
        let is_opening = |slot: &Slot<E>| matches!(slot, Slot::Opening { .. });
        !self.doomed.is_empty() || self.partitions.values().any(is_opening)
    }

    /// Whether something runs beside the lane that has the last word on a log: its opening, or a sync.
    pub(super) fn is_busy(&self) -> bool {
        let is_syncing = |slot: &Slot<E>| matches!(slot, Slot::Open(open) if open.is_syncing);
        self.is_opening() || self.partitions.values().any(is_syncing)
    }

    /// Nothing may run beside the lane: a directory is not clean with a log in it whose recovery, or whose failed sync, nobody saw.
    pub(super) fn close(mut self, closed: oneshot::Sender<io::Result<()>>) {
        assert!(
            !self.is_busy(),
            "closed while a log is being opened or synced"
        );
        let _ = closed.send(self.close_all());
    }

    fn close_all(&mut self) -> io::Result<()> {
        self.resign_all(ErrorCode::NotLeaderOrFollower);
        let mut result = Ok(());
        let mut is_settled = true;
        for slot in self.partitions.values_mut() {
            let settled = match slot {
                Slot::Open(open) => open.log.settle(),
                // What it has on disk is for the next start to find out.
                Slot::Opening { .. } | Slot::Offline(_) => {
                    Err(io::Error::other("a log is offline"))
                }
            };
            match settled {
                Ok(has_unsynced) => is_settled &= !has_unsynced,
                Err(error) => result = result.and(Err(error)),
            }
        }
        if !is_settled {
            // One sync for thousands of logs, each of which would be several of its own.
            self.directory.sync_all()?;
            for slot in self.partitions.values_mut() {
                if let Slot::Open(open) = slot
                    && open.log.is_usable()
                {
                    open.log.synced(open.log.end());
                }
            }
        }
        let written = self.directory.write_checkpoints(&self.points());
        result.and(written)
    }

    /// Of a log that is offline, what the checkpoints said before.
    pub(super) fn points(&self) -> Vec<(String, LogPoint)> {
        assert!(
            !self.is_opening(),
            "a log that is being opened has no point yet"
        );
        self.partitions
            .values()
            .filter_map(|slot| match slot {
                Slot::Open(open) => Some((open.partition.name(), open.log.point())),
                Slot::Opening { .. } => None,
                Slot::Offline(partition) => {
                    let name = partition.name();
                    let point = self.directory.known_point(&name)?;
                    Some((name, point))
                }
            })
            .collect()
    }

    fn begin_epoch(&mut self, key: PartitionKey, leadership: Leadership) {
        self.tell(key, Input::Lead(leadership));
        if let Some(Slot::Open(open)) = self.partitions.get_mut(&key) {
            open.log.assign_epoch(leadership.epoch);
        }
    }

    fn resign_all(&mut self, code: ErrorCode) {
        let now = self.env.clock().monotonic();
        for (key, slot) in &mut self.partitions {
            if let Slot::Open(open) = slot {
                open.leader
                    .step(now, Input::Resign(code), &mut self.decided);
                let has_more = open.carry_out(&self.env, &self.lane, *key, &mut self.decided);
                assert!(!has_more, "who resigns makes nothing readable");
            }
        }
    }
}
