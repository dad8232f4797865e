//! What every task may know of a partition whose log is on this node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use arc_swap::ArcSwap;
use event_listener::{Event, EventListener};
use ottla_config::TopicConfig;
use ottla_env::Env;
use ottla_log::LogReader;
use ottla_log::validate::AppendRules;
use ottla_model::{ErrorCode, LeaderEpoch, PartitionIndex, TopicId, Uuid};

use crate::lane::Lane;
use crate::topic_rules::append_rules;

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

/// Its topic's configuration, with what that says to each batch, so that it is not looked up by key for each of them.
struct Configured {
    config: Arc<TopicConfig>,
    append_rules: AppendRules,
}

impl Configured {
    fn new(config: Arc<TopicConfig>) -> Self {
        Self {
            append_rules: append_rules(&config),
            config,
        }
    }
}

/// A partition's log is changed by its lane alone; others read the view the lane publishes here and ask the lane for the rest.
pub(crate) struct Partition<E: Env> {
    pub(crate) key: PartitionKey,
    pub(crate) topic: Arc<str>,
    /// The id of the directory that holds the log, and its lane.
    pub(crate) directory: Uuid,
    pub(crate) lane: Lane<E>,
    configured: ArcSwap<Configured>,
    /// [`LeaderEpoch::NONE`] where another node leads, or nobody.
    leader_epoch: AtomicI32,
    has_moved: AtomicBool,
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
            configured: ArcSwap::from_pointee(Configured::new(config)),
            leader_epoch: AtomicI32::new(LeaderEpoch::NONE.0),
            has_moved: AtomicBool::new(false),
            log: ArcSwap::from_pointee(Availability::Opening),
            changed: Event::new(),
        }
    }

    /// The name of its directory.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.topic, self.key.index)
    }

    /// As the metadata has it.
    pub(crate) fn config(&self) -> Arc<TopicConfig> {
        Arc::clone(&self.configured.load().config)
    }

    /// Its lane has yet to be told.
    pub(crate) fn set_config(&self, config: Arc<TopicConfig>) {
        self.configured.store(Arc::new(Configured::new(config)));
    }

    pub(crate) fn append_rules(&self, produce_version: i16) -> AppendRules {
        AppendRules {
            produce_version,
            ..self.configured.load().append_rules
        }
    }

    /// `None` where another node leads, or nobody.
    pub(crate) fn leader_epoch(&self) -> Option<LeaderEpoch> {
        let epoch = LeaderEpoch(self.leader_epoch.load(Ordering::Acquire));
        (epoch != LeaderEpoch::NONE).then_some(epoch)
    }

    pub(crate) fn set_leader_epoch(&self, epoch: Option<LeaderEpoch>) {
        let epoch = epoch.unwrap_or(LeaderEpoch::NONE);
        self.leader_epoch.store(epoch.0, Ordering::Release);
        self.changed.notify(usize::MAX);
    }

    /// From now on another one stands for the partition, in another directory.
    pub(crate) fn move_away(&self) {
        self.has_moved.store(true, Ordering::Release);
        self.set_leader_epoch(None);
    }

    /// It stands for the partition again.
    pub(crate) fn stay(&self) {
        self.has_moved.store(false, Ordering::Release);
    }

    fn has_moved(&self) -> bool {
        self.has_moved.load(Ordering::Acquire)
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

    /// The log's view, if it is open.
    pub(crate) fn open_reader(&self) -> Option<LogReader<E::Disk>> {
        match &**self.log.load() {
            Availability::Open(reader) => Some(reader.clone()),
            Availability::Opening | Availability::Offline => None,
        }
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
                // It was handed over to another directory, where somebody else has it.
                Availability::Offline if self.has_moved() => {
                    return Err(ErrorCode::NotLeaderOrFollower);
                }
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
