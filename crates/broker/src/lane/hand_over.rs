//! Logs that change their directory, and with it their lane: one hands over, the other expects.

use std::io;
use std::sync::Arc;

use ottla_env::{Clock, Entropy, Env};
use ottla_log::dir::{FutureLog, TakeOverError};
use ottla_log::{Log, OpenError, Producers};
use ottla_model::{ErrorCode, LeaderEpoch};
use ottla_replica::{Input, Leadership};

use super::lifecycle::Deleting;
use super::openings::{Opening, OpeningJob};
use super::{Job, Open, Slot, Worker};
use crate::moves::give_up;
use crate::partition::{Availability, Partition, PartitionKey};
use crate::topic_rules::{leader_options, log_options};

/// A log that goes, whose copy is nearly whole.
pub(crate) struct HandOver<E: Env> {
    pub(crate) key: PartitionKey,
    pub(crate) future: FutureLog<E::Disk>,
    pub(crate) arrival: Arrival<E>,
}

/// Where it goes. Dropped, it tells that nothing comes: somebody waits for one or the other.
pub(crate) struct Arrival<E: Env> {
    partition: Arc<Partition<E>>,
    epoch: LeaderEpoch,
    result: Option<Result<Log<E::Disk>, OpenError>>,
}

impl<E: Env> Arrival<E> {
    /// The partition as it is to be, of whose lane it is [expected](Job::Expect).
    pub(crate) fn new(partition: Arc<Partition<E>>, epoch: LeaderEpoch) -> Self {
        Self {
            partition,
            epoch,
            result: None,
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
            opened: vec![(self.partition.key, Some(result))],
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
        };
        let before = self.partitions.insert(key, slot);
        assert!(before.is_none(), "a log is in one directory");
    }

    /// Nothing is appended from here on. Where it cannot be handed over it stays where it is, offline till the next start.
    pub(super) fn hand_over(&mut self, hand_over: HandOver<E>) {
        let HandOver {
            key,
            future,
            mut arrival,
        } = hand_over;
        self.tell(key, Input::Resign(ErrorCode::NotLeaderOrFollower));
        let open = match self.partitions.remove(&key) {
            Some(Slot::Open(open)) => *open,
            other => {
                give_up(&future);
                other.map(|other| self.partitions.insert(key, other));
                return;
            }
        };
        let partition = Arc::clone(&open.partition);
        match self.move_files(open, &future) {
            Ok(producers) => {
                let opened = self.open_moved(&arrival, &future);
                // Batches that come again are known here, too.
                arrival.result = Some(opened.map(|mut log| {
                    log.remember(producers);
                    log
                }));
            }
            Err(error) => {
                tracing::error!(partition = %partition.name(), %error, "cannot be moved to another directory");
                // Of a log that is lost the copy is all there is.
                if let TakeOverError::Kept(_) = error {
                    give_up(&future);
                }
                self.partitions
                    .insert(key, Slot::Offline(Arc::clone(&partition)));
            }
        }
        // Whoever waits looks for the partition again.
        partition.set_availability(Availability::Offline);
    }

    fn move_files(
        &mut self,
        open: Open<E>,
        future: &FutureLog<E::Disk>,
    ) -> Result<Producers, TakeOverError> {
        let Open {
            mut log, partition, ..
        } = open;
        self.has_new_points = true;
        log.close().map_err(TakeOverError::Kept)?;
        let (point, producers) = (log.point(), log.producers());
        drop(log);
        let path = future.take_over(point, self.env.entropy().uuid())?;
        let due = self.env.clock().monotonic() + partition.config().file_delete_delay();
        self.deleting.push(Deleting { path, due });
        Ok(producers)
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
