//! Logs that change their directory, and with it their lane: one hands over, the other expects.

use std::io;
use std::sync::Arc;

use ottla_env::{Clock, Entropy, Env};
use ottla_log::dir::{FutureLog, TakeOverError};
use ottla_log::{Log, OpenError};
use ottla_model::{ErrorCode, LeaderEpoch};
use ottla_replica::{Input, Leadership};

use super::lifecycle::{Deleting, Opened};
use super::openings::{Opening, OpeningJob};
use super::turned_away::TurnedAway;
use super::{Job, Slot, Worker};
use crate::moves::{check_rest, give_up};
use crate::partition::{Availability, Partition, PartitionKey};
use crate::topic_rules::{leader_options, log_options};

/// A log that goes, whose copy is nearly whole.
pub(crate) struct HandOver<E: Env> {
    pub(crate) key: PartitionKey,
    pub(crate) future: FutureLog<E::Disk>,
    pub(crate) arrival: Arrival<E>,
    /// For where it cannot be handed over, and is as it was.
    pub(crate) stay: Stay<E>,
}

/// Takes note of a partition that stays where it is.
pub(crate) type Stay<E> = Box<dyn FnOnce(Arc<Partition<E>>) + Send>;

/// Where it goes. Dropped, it tells that nothing comes: somebody waits for one or the other.
pub(crate) struct Arrival<E: Env> {
    partition: Arc<Partition<E>>,
    epoch: LeaderEpoch,
    result: Option<Result<Log<E::Disk>, OpenError>>,
    turned_away: TurnedAway,
}

impl<E: Env> Arrival<E> {
    /// The partition as it is to be, of whose lane it is [expected](Job::Expect).
    pub(crate) fn new(partition: Arc<Partition<E>>, epoch: LeaderEpoch) -> Self {
        Self {
            partition,
            epoch,
            result: None,
            turned_away: TurnedAway::default(),
        }
    }
}

impl<E: Env> Drop for Arrival<E> {
    fn drop(&mut self) {
        let lost = || OpenError::Io {
            path: self.partition.name().into(),
            error: io::Error::other("it was not handed over, and is where it was"),
        };
        let result = self.result.take().unwrap_or_else(|| Err(lost()));
        self.partition.lane.send(Job::Opened {
            opening: Opening::Plain,
            opened: vec![Opened {
                key: self.partition.key,
                result: Some(result),
                turned_away: std::mem::take(&mut self.turned_away),
            }],
            is_over: true,
        });
    }
}

impl<E: Env> Worker<E> {
    /// The log is on its way from another lane, which opens it.
    pub(super) fn expect(&mut self, partition: Arc<Partition<E>>, leadership: Leadership) {
        self.openings.expect(Opening::Plain);
        let key = partition.key;
        let slot = Slot::Opening {
            partition,
            leadership,
            opening: Opening::Plain,
            has_begun: true,
            queued: Vec::new(),
            turned_away: TurnedAway::default(),
        };
        let before = self.partitions.insert(key, slot);
        assert!(before.is_none(), "a log is in one directory");
    }

    /// Nothing is appended from here on. Where it cannot be handed over it stays as it is here, till the metadata says so again.
    pub(super) fn hand_over(&mut self, hand_over: HandOver<E>) {
        let HandOver {
            key,
            future,
            mut arrival,
            stay,
        } = hand_over;
        self.tell(key, Input::Resign(ErrorCode::NotLeaderOrFollower));
        let mut open = match self.partitions.remove(&key) {
            Some(Slot::Open(open)) => open,
            other => {
                give_up(&future);
                other.map(|other| self.partitions.insert(key, other));
                return;
            }
        };
        let partition = Arc::clone(&open.partition);
        match self.move_files(&mut open.log, &partition, &future) {
            Ok(()) => {
                let producers = open.log.producers();
                arrival.turned_away = std::mem::take(&mut open.turned_away);
                drop(open);
                let opened = self.open_moved(&arrival, &future);
                // Batches that come again are known here, too.
                arrival.result = Some(opened.map(|mut log| {
                    log.remember(producers);
                    log
                }));
            }
            Err(TakeOverError::Kept(error)) => {
                tracing::error!(partition = %partition.name(), %error, "cannot be moved to another directory, and stays where it is");
                give_up(&future);
                self.partitions.insert(key, Slot::Open(open));
                // First, for whoever is told that it stays finds that nothing came.
                drop(arrival);
                stay(Arc::clone(&partition));
                partition.notify();
                return;
            }
            // The copy is all there is of it.
            Err(error @ TakeOverError::Lost(_)) => {
                tracing::error!(partition = %partition.name(), %error, "cannot be moved to another directory: it is offline till the next start");
                let slot = Slot::Offline(Arc::clone(&partition));
                self.partitions.insert(key, slot);
            }
        }
        // Whoever waits looks for the partition again.
        partition.set_availability(Availability::Offline);
    }

    fn move_files(
        &mut self,
        log: &mut Log<E::Disk>,
        partition: &Partition<E>,
        future: &FutureLog<E::Disk>,
    ) -> Result<(), TakeOverError> {
        self.has_new_points = true;
        log.close().map_err(TakeOverError::Kept)?;
        check_rest(future, self.options.min_free).map_err(TakeOverError::Kept)?;
        let path = future.take_over(log.point(), self.env.entropy().uuid())?;
        let due = self.env.clock().monotonic() + partition.config().file_delete_delay();
        self.deleting.push(Deleting { path, due });
        Ok(())
    }

    fn open_moved(
        &self,
        arrival: &Arrival<E>,
        future: &FutureLog<E::Disk>,
    ) -> Result<Log<E::Disk>, OpenError> {
        let partition = &arrival.partition;
        let config = partition.config();
        let opening = OpeningJob {
            directory: Arc::clone(future.directory()),
            name: partition.name(),
            topic: partition.key.topic,
            options: log_options(&config, partition.key, self.options.producer_expiration),
            // Just now.
            was_clean: true,
            counts_once_synced: leader_options(&config).counts_once_synced(),
            epoch: arrival.epoch,
            now: self.env.clock().wall(),
        };
        opening.run()
    }
}
