//! What every task may know of a partition whose log is on this node.

use std::sync::Arc;

use arc_swap::ArcSwap;
use event_listener::{Event, EventListener};
use ottla_config::TopicConfig;
use ottla_env::Env;
use ottla_log::LogReader;
use ottla_model::{ErrorCode, LeaderEpoch, PartitionIndex, TopicId, Uuid};

use crate::lane::Lane;

/// Names a partition of one incarnation of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartitionKey {
    pub(crate) topic: TopicId,
    pub(crate) index: PartitionIndex,
}

/// Whether the log can be used.
pub(crate) enum Availability<E: Env> {
    /// Being opened or recovered.
    Opening,
    Open(LogReader<E::Disk>),
    /// Its directory failed, or its files are beyond repair.
    Offline,
}

/// A partition's log is changed by its lane alone; others read the view the lane publishes here and ask the lane for the rest.
pub(crate) struct Partition<E: Env> {
    pub(crate) key: PartitionKey,
    pub(crate) topic: Arc<str>,
    /// The id of the directory that holds the log, and its lane.
    pub(crate) directory: Uuid,
    pub(crate) lane: Lane<E>,
    /// As the metadata has it; its lane is told of what is new.
    pub(crate) config: ArcSwap<TopicConfig>,
    leader_epoch: ArcSwap<Option<LeaderEpoch>>,
    log: ArcSwap<Availability<E>>,
    /// Notified when the high watermark moves, the log opens or fails, or leadership changes.
    changed: Event,
}

impl<E: Env> Partition<E> {
    pub(crate) fn new(
        key: PartitionKey,
        topic: Arc<str>,
        (directory, lane): (Uuid, Lane<E>),
        config: Arc<TopicConfig>,
    ) -> Self {
        Self {
            key,
            topic,
            directory,
            lane,
            config: ArcSwap::new(config),
            leader_epoch: ArcSwap::from_pointee(None),
            log: ArcSwap::from_pointee(Availability::Opening),
            changed: Event::new(),
        }
    }

    /// The name of its directory.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.topic, self.key.index)
    }

    /// `None` where another node leads, or nobody.
    pub(crate) fn leader_epoch(&self) -> Option<LeaderEpoch> {
        **self.leader_epoch.load()
    }

    pub(crate) fn set_leader_epoch(&self, epoch: Option<LeaderEpoch>) {
        self.leader_epoch.store(Arc::new(epoch));
        self.changed.notify(usize::MAX);
    }

    pub(crate) fn set_availability(&self, availability: Availability<E>) {
        self.log.store(Arc::new(availability));
        self.changed.notify(usize::MAX);
    }

    /// Wakes whoever waits for more to read.
    pub(crate) fn notify(&self) {
        self.changed.notify(usize::MAX);
    }

    pub(crate) fn listen(&self) -> EventListener {
        self.changed.listen()
    }

    /// The log's view, once it is open.
    ///
    /// # Errors
    /// KAFKA_STORAGE_ERROR where the log cannot be had.
    pub(crate) async fn reader(&self) -> Result<LogReader<E::Disk>, ErrorCode> {
        loop {
            let changed = self.changed.listen();
            match &**self.log.load() {
                Availability::Open(reader) => return Ok(reader.clone()),
                Availability::Opening => {}
                Availability::Offline => return Err(ErrorCode::KafkaStorageError),
            }
            changed.await;
        }
    }

    /// Checks the leader epoch that a client believes in (KIP-320); -1 checks nothing.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH.
    pub(crate) fn check_leader(&self, believed: LeaderEpoch) -> Result<LeaderEpoch, ErrorCode> {
        let epoch = self.leader_epoch().ok_or(ErrorCode::NotLeaderOrFollower)?;
        match believed {
            LeaderEpoch::NONE => Ok(epoch),
            older if older < epoch => Err(ErrorCode::FencedLeaderEpoch),
            newer if newer > epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(epoch),
        }
    }
}
