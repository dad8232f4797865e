//! What all tasks of the node share.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use ottla_config::{ServerConfig, Settings};
use ottla_controller::{NewTopic, Permits, Reply, Request};
use ottla_env::{Entropy, Env};
use ottla_metadata::{Broker, Image};
use ottla_metrics::Metrics;
use ottla_model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, PartitionIndex, TopicId};

use crate::client_quotas::ClientQuotas;
use crate::fetch_sessions::FetchSessions;
use crate::groups::GroupCoordinators;
use crate::log_dirs::LogDirs;
use crate::loggers::Loggers;
use crate::moves::Moves;
use crate::net::{Complaints, ConnectionLimits, MemoryBudget};
use crate::partition::Partition;
use crate::partitions::Partitions;
use crate::producer_ids::ProducerIds;
use crate::published::Published;
use crate::quorum::{MetadataReader, Quorum};
use crate::telemetry::Telemetry;

/// Requests held at once: more wait in their sockets. Bytes.
const REQUEST_MEMORY: i64 = 256 << 20;

/// The settings that are looked at for every request, read out of the configuration once.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// `socket.request.max.bytes`.
    pub(crate) max_request_bytes: usize,
    /// `connections.max.idle.ms`; `None` where connections may be idle for ever.
    pub(crate) max_idle: Option<Duration>,
    /// `fetch.max.bytes`.
    pub(crate) fetch_max_bytes: i32,
    /// `auto.create.topics.enable`.
    pub(crate) auto_create_topics: bool,
    /// Whether `group.coordinator.rebalance.protocols` has consumer groups.
    pub(crate) consumer_groups: bool,
    /// `max.request.partition.size.limit`.
    pub(crate) max_request_partitions: i32,
}

impl Options {
    fn of(config: &ServerConfig) -> Self {
        Self {
            max_request_bytes: config.max_request_bytes(),
            max_idle: config.max_idle(),
            fetch_max_bytes: config.fetch_max_bytes(),
            auto_create_topics: config.auto_creates_topics(),
            consumer_groups: config.serves_consumer_groups(),
            max_request_partitions: config.max_request_partitions(),
        }
    }

    /// How long a fetch that gives itself `max_wait_ms` waits for data. Nobody looks meanwhile whether its client is still there,
    /// so that it keeps its connection no longer than one that is silent.
    pub(crate) fn longest_wait(&self, max_wait_ms: i32) -> Duration {
        let asked = Duration::from_millis(max_wait_ms.max(0).unsigned_abs().into());
        self.max_idle.map_or(asked, |max_idle| asked.min(max_idle))
    }
}

/// One process in the roles of broker and controller.
pub(crate) struct Node<E: Env> {
    pub(crate) env: E,
    pub(crate) id: NodeId,
    pub(crate) cluster_id: Arc<str>,
    pub(crate) config: ServerConfig,
    pub(crate) options: Options,
    pub(crate) client_quotas: Arc<ClientQuotas>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) connection_limits: Arc<ConnectionLimits>,
    pub(crate) listener_settings: Arc<ArcSwap<Settings>>,
    pub(crate) complaints: Complaints,
    pub(crate) request_memory: MemoryBudget,
    pub(crate) log_dirs: Arc<LogDirs>,
    pub(crate) moves: Arc<Moves<E::Disk>>,
    pub(crate) partitions: Arc<Partitions<E>>,
    pub(crate) groups: Arc<GroupCoordinators<E>>,
    pub(crate) fetch_sessions: FetchSessions,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) quorum: Quorum,
    pub(crate) metadata: MetadataReader<E>,
    pub(crate) metrics: Metrics,
    pub(crate) loggers: Arc<dyn Loggers>,
    pub(crate) image: Arc<ArcSwap<Image>>,
    pub(crate) broker_epoch: OnceLock<BrokerEpoch>,
    /// Whether the broker takes leave of its cluster, which happens once.
    pub(crate) is_leaving: AtomicBool,
}

impl<E: Env> Node<E> {
    /// That is not registered yet.
    pub(crate) fn new(
        env: E,
        config: ServerConfig,
        cluster_id: Arc<str>,
        published: Published<E>,
        quorum: Quorum,
        metadata: MetadataReader<E>,
        loggers: Arc<dyn Loggers>,
    ) -> Self {
        let Published {
            image,
            partitions,
            groups,
            moves,
            log_dirs,
            client_quotas,
            telemetry,
            connection_limits,
            listener_settings,
        } = published;
        Self {
            id: config.node_id(),
            cluster_id,
            options: Options::of(&config),
            client_quotas,
            telemetry,
            connection_limits,
            listener_settings,
            complaints: Complaints::default(),
            request_memory: MemoryBudget::new(REQUEST_MEMORY),
            log_dirs,
            moves,
            partitions,
            groups,
            fetch_sessions: FetchSessions::new(config.fetch_session_slots()),
            producer_ids: ProducerIds::default(),
            quorum,
            metadata,
            metrics: Metrics::default(),
            loggers,
            image,
            broker_epoch: OnceLock::new(),
            is_leaving: AtomicBool::new(false),
            config,
            env,
        }
    }

    /// Said before the first goodbye: any of them may be what fences this broker.
    pub(crate) fn leave(&self) {
        self.is_leaving.store(true, Ordering::SeqCst);
    }

    /// Whether what clients would be told of the cluster is what it looks like without this node: a client that believes it
    /// knows no broker any more that it could ask when the node is back. Asked behind the answer, for no image is older than the one before.
    pub(crate) fn has_left(&self) -> bool {
        let is_fenced = || {
            let image = self.image.load();
            let broker = image.cluster().broker(self.id);
            broker.is_none_or(Broker::is_fenced)
        };
        self.is_leaving.load(Ordering::SeqCst) && is_fenced()
    }

    /// The metadata as far as it is committed and applied here. Each call may give a newer one.
    pub(crate) fn image(&self) -> Arc<Image> {
        self.image.load_full()
    }

    /// Who leads a partition, and in which epoch; (-1, -1) where that is not known.
    pub(crate) fn leader_of(&self, topic: TopicId, index: PartitionIndex) -> (NodeId, LeaderEpoch) {
        let image = self.image();
        let partition = image.topics().partition(topic, index);
        partition.map_or((NodeId::NONE, LeaderEpoch::NONE), |partition| {
            (partition.leader, partition.leader_epoch)
        })
    }

    /// Why a partition has no log here: it does not exist, or it lives elsewhere.
    pub(crate) fn absent_partition_error(
        &self,
        topic: TopicId,
        index: PartitionIndex,
    ) -> ErrorCode {
        match self.image().topics().partition(topic, index) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        }
    }

    /// A partition that this node has, by the name of its topic.
    ///
    /// # Errors
    /// As [`Node::absent_partition_error`] says.
    pub(crate) fn partition(
        &self,
        topic: &str,
        index: PartitionIndex,
    ) -> Result<Arc<Partition<E>>, ErrorCode> {
        let id = self
            .image()
            .topics()
            .by_name(topic)
            .map(|topic| topic.id)
            .ok_or(ErrorCode::UnknownTopicOrPartition)?;
        self.partitions
            .get(id, index)
            .ok_or_else(|| self.absent_partition_error(id, index))
    }

    /// A block of producer ids of this broker's own.
    ///
    /// # Errors
    /// The controller's.
    pub(crate) async fn allocate_producer_ids(&self) -> Result<Range<i64>, ErrorCode> {
        let epoch = self
            .broker_epoch
            .get()
            .copied()
            .unwrap_or(BrokerEpoch::NONE);
        match self
            .quorum
            .ask(Request::AllocateProducerIds {
                broker: self.id,
                epoch,
            })
            .await?
        {
            Reply::ProducerIds { first, count } => Ok(first.0..first.0 + count),
            Reply::Refused(refusal) => Err(refusal.code),
            other => unreachable!("the controller answers another question: {other:?}"),
        }
    }

    /// Creates topics with the node's defaults; what cannot be created is left out.
    pub(crate) async fn create_default_topics(&self, names: BTreeSet<String>) {
        let topic = |name| NewTopic {
            name,
            id: TopicId(self.env.entropy().uuid()),
            partitions: -1,
            replication_factor: -1,
            assignments: Vec::new(),
            configs: Vec::new(),
        };
        let topics = names.into_iter().map(topic).collect();
        if let Err(code) = self
            .quorum
            .ask(Request::CreateTopics {
                topics,
                validate_only: false,
                permits: Permits::default(),
            })
            .await
        {
            tracing::warn!(%code, "cannot create topics on demand");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_waits_no_longer_than_a_connection_may_be_idle() {
        let options = |max_idle| Options {
            max_request_bytes: 0,
            max_idle,
            fetch_max_bytes: 0,
            auto_create_topics: false,
            consumer_groups: true,
            max_request_partitions: 0,
        };
        let idle = Duration::from_secs(600);
        let bounded = options(Some(idle));
        assert_eq!(bounded.longest_wait(500), Duration::from_millis(500));
        assert_eq!(bounded.longest_wait(i32::MAX), idle);
        assert_eq!(bounded.longest_wait(-1), Duration::ZERO);
        let most = Duration::from_millis(i32::MAX as u64);
        assert_eq!(options(None).longest_wait(i32::MAX), most);
    }
}
