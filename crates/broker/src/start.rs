//! From a configuration to a serving node, and back to closed files.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::channel::{mpsc, oneshot};
use ottla_config::{Adjustable, ServerConfig};
use ottla_controller::{Controller, Options as ControllerOptions, Registration, Reply, Request};
use ottla_env::{Clock, Disk, Entropy, Env, Listener as _, Net, Spawn};
use ottla_log::dir::{DirectoryError, LogDirectory};
use ottla_metadata::features::{self, MetadataVersion};
use ottla_metrics::Metrics;
use ottla_model::{BrokerEpoch, NodeId, Uuid};
use ottla_raft::{
    Endpoint, NotSoleVoter, Options as RaftOptions, Raft, ReplicaKey, SnapshotOptions, Voter,
};
use thiserror::Error;

use crate::directories::tell_directories;
use crate::endpoints::{advertised, quorum_endpoint};
use crate::fetch_sessions::FetchSessions;
use crate::found_logs::{self, FoundLogs};
use crate::lane::{Job, Lane, LaneOptions};
use crate::net::{BoundListener, ConnectionLimits, MemoryBudget, accept};
use crate::node::{Node, Options};
use crate::partitions::Partitions;
use crate::producer_ids::ProducerIds;
use crate::publish::Publisher;
use crate::quorum::{METADATA_LOG, MetadataLog, MetadataLogError, MetadataLogOptions, Quorum};

/// Requests held at once: more wait in their sockets. Bytes.
const REQUEST_MEMORY: i64 = 256 << 20;
const HOUSEKEEPING: Duration = Duration::from_secs(1);
const CHECKPOINTS: Duration = Duration::from_secs(5);
/// Retention lets a node come up first.
const FIRST_RETENTION: Duration = Duration::from_secs(30);

/// Why the node does not start; each says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("{0} is not formatted: run `ottla storage format` first")]
    NotFormatted(PathBuf),
    #[error(
        "{path} belongs to node {found}, and node.id is {expected}: use another directory, or its own node.id"
    )]
    OtherNode {
        path: PathBuf,
        expected: NodeId,
        found: NodeId,
    },
    #[error(
        "{path} belongs to cluster {found}, the other directories to {expected}: use directories of one cluster"
    )]
    OtherCluster {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error(
        "{path} holds a metadata log, which is looked for in {expected}: set metadata.log.dir to {path}, or remove what should not be there"
    )]
    OtherMetadata { path: PathBuf, expected: PathBuf },
    #[error("no directory of log.dirs can be used: see what was logged, and give one that can")]
    AllOffline,
    #[error(transparent)]
    Metadata(#[from] MetadataLogError),
    #[error(
        "{0} names no voters of the quorum, and neither does controller.quorum.voters: format a new directory with --standalone"
    )]
    NoVoters(PathBuf),
    #[error(transparent)]
    Quorum(#[from] NotSoleVoter),
    #[error("cannot listen on {listener}: {}", obstacle(.error))]
    Listen {
        listener: Box<ottla_config::Listener>,
        error: io::Error,
    },
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "{log} is in {first} and in {second}, perhaps since a disk failed while it was being moved: remove the one that is behind"
    )]
    TwoLogs {
        log: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error("the controller refused this broker: {0}")]
    Refused(String),
}

/// Why a listener cannot be had, and what to do about it.
fn obstacle(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "something else uses this port; stop that, or set another port in listeners".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have this address; set one that it has in listeners".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not use this port; set one above 1023 in listeners".to_owned()
        }
        _ => format!("{error}; set another address in listeners"),
    }
}

/// A log directory and its id.
pub(crate) type OwnDirectory<E> = (Arc<LogDirectory<<E as Env>::Disk>>, Uuid);

/// A log directory and the lane that owns its partitions.
type DirectoryLane<E> = (Arc<LogDirectory<<E as Env>::Disk>>, Lane<E>);

/// A running node.
pub struct Broker<E: Env> {
    node: Arc<Node<E>>,
    lanes: Vec<DirectoryLane<E>>,
    epoch: BrokerEpoch,
    listeners: Vec<ottla_config::Listener>,
}

impl<E: Env> Broker<E> {
    /// Starts the node and returns when clients can connect.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing is left running then but tasks that end with the world.
    pub async fn start(env: E, config: ServerConfig) -> Result<Self, StartError> {
        let mut directories = Vec::new();
        let mut cluster: Option<String> = None;
        let metadata_directory = config.metadata_log_dir();
        let mut has_offline = false;
        for path in config.directories() {
            let directory = match own(&env, &config, &path, &mut cluster) {
                Ok(directory) => directory,
                Err(error) if path != metadata_directory && is_of_disk(&error) => {
                    tracing::error!(%error, "log directory offline: its partitions cannot be used");
                    has_offline = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if path != metadata_directory && holds_metadata(&env, &path)? {
                return Err(StartError::OtherMetadata {
                    path,
                    expected: metadata_directory,
                });
            }
            directories.push(directory);
        }
        let cluster_id: Arc<str> = Arc::from(cluster.unwrap_or_default());
        let (metadata, metadata_id) = directories
            .iter()
            .find(|(directory, _)| directory.path() == metadata_directory)
            .cloned()
            .expect("it is one of the node's directories");
        // A directory of the metadata log alone takes no partitions.
        let of_partitions = config.log_dirs();
        directories
            .retain(|(directory, _)| of_partitions.iter().any(|path| path == directory.path()));
        if directories.is_empty() {
            return Err(StartError::AllOffline);
        }
        // Before anything is touched that a start in vain would leave worse than it was.
        let listeners = listen(&env, &config).await?;
        let controllers = listeners.iter().filter(|(bound, _)| bound.is_controller);
        let endpoints = controllers
            .map(|(bound, _)| quorum_endpoint(&config, &bound.name, bound.address.port()))
            .collect();
        let (raft, log, controller) = load(&env, &config, &metadata, metadata_id, endpoints)?;
        let kraft_version = raft.kraft_version();
        let metadata_reader = log.reader();
        let image = Arc::new(ArcSwap::from_pointee(controller.image().clone()));
        let partitions = Arc::new(Partitions::default());
        let logs = found_logs::find(&env, config.node_id(), &image.load(), &directories)?;
        let adjustable = Adjustable::of(config.settings());
        let limits = ConnectionLimits::new(
            adjustable.max_connections,
            adjustable.max_connections_per_ip,
        );
        let mut lanes = Vec::new();
        let mut clean_epochs = BTreeSet::new();
        for (directory, id) in &directories {
            let io = |error| StartError::Io {
                path: directory.path().to_path_buf(),
                error,
            };
            directory.remove_deleted().map_err(io)?;
            let stopped = directory.take_clean_shutdown().map_err(io)?;
            let was_clean = stopped.is_some();
            clean_epochs.insert(stopped.unwrap_or(BrokerEpoch::NONE));
            lanes.push((
                *id,
                Arc::clone(directory),
                Lane::start(
                    &env,
                    Arc::clone(directory),
                    LaneOptions {
                        was_clean,
                        recovered_at_once: config.recovery_threads(),
                        producer_expiration: adjustable.producer_expiration,
                    },
                ),
            ));
        }
        // Only if all say the same was the whole broker stopped cleanly.
        let cleanly_stopped = match (clean_epochs.len(), clean_epochs.first()) {
            (1, Some(epoch)) => *epoch,
            _ => BrokerEpoch::NONE,
        };
        let (assigned, to_tell) = mpsc::unbounded();
        let publisher = Publisher::new(
            config.node_id(),
            config.settings().clone(),
            Arc::clone(&limits),
            Arc::clone(&image),
            Arc::clone(&partitions),
            lanes
                .iter()
                .map(|(id, _, lane)| (*id, lane.clone()))
                .collect(),
            FoundLogs { logs, has_offline },
            assigned,
        );
        let quorum = Quorum::start(
            &env,
            metadata,
            log,
            raft,
            controller,
            publisher.into_callback(),
        );
        let node = Arc::new(Node {
            id: config.node_id(),
            cluster_id,
            kraft_version,
            options: Options {
                max_request_bytes: config.max_request_bytes(),
                max_idle: config.max_idle(),
                fetch_max_bytes: config.fetch_max_bytes(),
                auto_create_topics: config.auto_creates_topics(),
                max_request_partitions: config.max_request_partitions(),
            },
            connection_limits: limits,
            request_memory: MemoryBudget::new(REQUEST_MEMORY),
            partitions,
            fetch_sessions: FetchSessions::new(config.fetch_session_slots()),
            producer_ids: ProducerIds::default(),
            quorum,
            metadata: metadata_reader,
            metrics: Metrics::default(),
            image,
            broker_epoch: OnceLock::new(),
            config,
            env,
        });
        let ids = directories.iter().map(|(_, id)| *id).collect();
        let epoch = register(&node, &listeners, ids, cleanly_stopped).await?;
        let is_first = node.broker_epoch.set(epoch).is_ok();
        assert!(is_first, "a node registers once");
        let telling = tell_directories(Arc::clone(&node), epoch, to_tell);
        node.env.spawn().task(telling);
        let bound = listeners
            .iter()
            .map(|(bound, _)| as_bound(&node.config, bound));
        let bound = bound.collect();
        for (bound, listener) in listeners {
            node.env
                .spawn()
                .task(accept(Arc::clone(&node), Arc::new(bound), listener));
        }
        let lanes: Vec<_> = lanes
            .into_iter()
            .map(|(_, directory, lane)| (directory, lane))
            .collect();
        let retention = node.config.retention_check_interval();
        for (_, lane) in &lanes {
            let repeat = |first, every, job| repeat(&node.env, first, every, lane.clone(), job);
            repeat(HOUSEKEEPING, HOUSEKEEPING, || Job::Housekeep);
            repeat(CHECKPOINTS, CHECKPOINTS, || Job::Checkpoint);
            repeat(FIRST_RETENTION, retention, || Job::Retain);
        }
        Ok(Self {
            node,
            lanes,
            epoch,
            listeners: bound,
        })
    }

    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.node.cluster_id
    }

    /// The configured listeners, with the ports that are in fact bound.
    #[must_use]
    pub fn listeners(&self) -> &[ottla_config::Listener] {
        &self.listeners
    }

    /// Stops cleanly: leads nothing any more, closes all logs, leaves the sign that the next start need not recover.
    pub async fn stop(self) {
        let (broker, epoch) = (self.node.id, self.epoch);
        for goodbye in [
            Request::ShutDown { broker, epoch },
            Request::Fence { broker },
        ] {
            if let Err(code) = self.node.quorum.ask(goodbye).await {
                tracing::warn!(%code, "the controller did not take the goodbye");
            }
        }
        for (directory, lane) in &self.lanes {
            let (closed, done) = oneshot::channel();
            lane.send(Job::Close { closed });
            let result = done
                .await
                .unwrap_or_else(|_| Err(io::Error::other("its logs were not closed")))
                .and_then(|()| directory.write_clean_shutdown(self.epoch));
            if let Err(error) = result {
                tracing::error!(directory = %directory.path().display(), %error, "not closed cleanly: the next start checks its logs");
            }
        }
        if let Err(error) = self.node.quorum.close().await {
            tracing::error!(%error, "the metadata log was not closed");
        }
    }
}

/// Takes a directory, which must be this node's. Gives it with its id.
fn own<E: Env>(
    env: &E,
    config: &ServerConfig,
    path: &Path,
    cluster: &mut Option<String>,
) -> Result<OwnDirectory<E>, StartError> {
    let path = path.to_path_buf();
    let found = env.disk().entry(&path).map_err(|error| StartError::Io {
        path: path.clone(),
        error,
    })?;
    if found.is_none() {
        return Err(StartError::NotFormatted(path));
    }
    let directory = Arc::new(LogDirectory::open(env.disk().clone(), &path)?);
    let mut properties = match directory.meta_properties()? {
        Some(properties) => properties,
        None => return Err(StartError::NotFormatted(path)),
    };
    if properties.node_id != config.node_id() {
        return Err(StartError::OtherNode {
            path,
            expected: config.node_id(),
            found: properties.node_id,
        });
    }
    let expected = cluster.get_or_insert_with(|| properties.cluster_id.clone());
    if *expected != properties.cluster_id {
        let (expected, found) = (expected.clone(), properties.cluster_id);
        return Err(StartError::OtherCluster {
            path,
            expected,
            found,
        });
    }
    if let Some(id) = properties.directory_id {
        return Ok((directory, id));
    }
    let id = env.entropy().uuid();
    properties.directory_id = Some(id);
    directory
        .write_meta_properties(&properties)
        .map_err(|error| StartError::Io { path, error })?;
    Ok((directory, id))
}

/// Whether one directory cannot be used and the node is otherwise as it should be.
fn is_of_disk(error: &StartError) -> bool {
    matches!(
        error,
        StartError::Io { .. }
            | StartError::Directory(DirectoryError::Io { .. } | DirectoryError::Invalid { .. })
    )
}

fn holds_metadata<E: Env>(env: &E, path: &Path) -> Result<bool, StartError> {
    let log = path.join(METADATA_LOG);
    match env.disk().entry(&log) {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(StartError::Io { path: log, error }),
    }
}

fn load<E: Env>(
    env: &E,
    config: &ServerConfig,
    directory: &LogDirectory<E::Disk>,
    directory_id: Uuid,
    endpoints: Vec<Endpoint>,
) -> Result<(Raft, MetadataLog<E>, Controller), StartError> {
    let options = MetadataLogOptions {
        segment_bytes: config.metadata_segment_bytes(),
        segment_age: config.metadata_segment_age(),
        snapshots: SnapshotOptions {
            bytes_between: config.snapshot_bytes(),
            interval: config.snapshot_interval(),
            retention_bytes: config.metadata_retention_bytes(),
            retention_age: config.metadata_retention_age(),
        },
    };
    let (log, found) = MetadataLog::open(env, directory, options)?;
    let voters = if found.voters.is_empty() {
        if !config.has_static_quorum() {
            return Err(StartError::NoVoters(directory.path().to_path_buf()));
        }
        // The configuration names nobody else for a node of its own.
        let endpoint = config.static_voter();
        vec![Voter {
            key: ReplicaKey {
                id: config.node_id(),
                directory: Uuid::ZERO,
            },
            endpoints: endpoint
                .map(|(name, host, port)| Endpoint { name, host, port })
                .into_iter()
                .collect(),
        }]
    } else {
        found.voters
    };
    let raft = Raft::new(RaftOptions {
        node: config.node_id(),
        directory: directory_id,
        kraft_version: found.kraft_version,
        voters,
        endpoints,
        stored: found.stored,
        log_epoch: found.log_epoch,
        log_end: found.log_end,
        election_timeout: config.quorum_election_timeout(),
        fetch_timeout: config.quorum_fetch_timeout(),
    })?;
    let options = ControllerOptions {
        settings: config.settings().clone(),
        default_partitions: config.default_partitions(),
        default_replication_factor: config.default_replication_factor(),
        deletes_topics: config.deletes_topics(),
        bootstrap: found
            .bootstrap
            .unwrap_or_else(|| features::bootstrap(MetadataVersion::LATEST)),
    };
    let mut controller = Controller::new(options).with_image(found.image.unwrap_or_default());
    for (offset, record) in &found.records {
        controller
            .replay(record, *offset)
            .map_err(|error| MetadataLogError::Invalid {
                path: directory.path().join(METADATA_LOG),
                problem: format!("the record at offset {offset}: {error}"),
            })?;
    }
    Ok((raft, log, controller))
}

type Bound<E> = (BoundListener, <<E as Env>::Net as Net>::Listener);

async fn listen<E: Env>(env: &E, config: &ServerConfig) -> Result<Vec<Bound<E>>, StartError> {
    let mut bound = Vec::new();
    for listener in config.listeners() {
        let fails = |error| StartError::Listen {
            listener: Box::new(listener.clone()),
            error,
        };
        let socket = env
            .net()
            .bind(&listener.host, listener.port)
            .await
            .map_err(fails)?;
        let address = socket.local_address().map_err(fails)?;
        let name = Arc::from(&*listener.name);
        let is_controller = config.is_controller_listener(&listener.name);
        bound.push((
            BoundListener {
                name,
                address,
                is_controller,
            },
            socket,
        ));
    }
    Ok(bound)
}

/// As configured, with the port that port 0 became.
fn as_bound(config: &ServerConfig, bound: &BoundListener) -> ottla_config::Listener {
    let mut listeners = config.listeners().iter();
    let listener = listeners.find(|listener| listener.name == *bound.name);
    ottla_config::Listener {
        port: bound.address.port(),
        ..listener.expect("what is bound was configured").clone()
    }
}

/// Makes this incarnation known, and lets it take part once it has seen its own registration.
async fn register<E: Env>(
    node: &Node<E>,
    listeners: &[Bound<E>],
    directories: Vec<Uuid>,
    cleanly_stopped: BrokerEpoch,
) -> Result<BrokerEpoch, StartError> {
    let refused = |reply: Result<Reply, _>| StartError::Refused(format!("{reply:?}"));
    let registration = |is_controller: bool, directories: Vec<Uuid>| Registration {
        id: node.id,
        // Broker and controller are two to the cluster, though they share a process.
        incarnation: node.env.entropy().uuid(),
        listeners: listeners
            .iter()
            .filter(|(bound, _)| bound.is_controller == is_controller)
            .map(|(bound, _)| advertised(&node.config, &bound.name, bound.address.port()))
            .collect(),
        rack: node.config.rack(),
        directories,
        cleanly_stopped,
    };
    let reply = node
        .quorum
        .ask(Request::RegisterController(registration(true, Vec::new())))
        .await;
    if reply != Ok(Reply::Done) {
        return Err(refused(reply));
    }
    // An earlier incarnation is dead: both would hold the same directories' locks. Nobody needs to wait for its session to end.
    let dead = Request::Fence { broker: node.id };
    let reply = node.quorum.ask(dead).await;
    if reply != Ok(Reply::Done) {
        return Err(refused(reply));
    }
    let epoch = match node
        .quorum
        .ask(Request::RegisterBroker(registration(false, directories)))
        .await
    {
        Ok(Reply::Registered(epoch)) => epoch,
        other => return Err(refused(other)),
    };
    match node
        .quorum
        .ask(Request::Unfence {
            broker: node.id,
            epoch,
        })
        .await
    {
        Ok(Reply::Done) => Ok(epoch),
        other => Err(refused(other)),
    }
}

fn repeat<E: Env>(env: &E, first: Duration, every: Duration, lane: Lane<E>, job: fn() -> Job<E>) {
    let clock = env.clock().clone();
    env.spawn().task(async move {
        clock.sleep(first).await;
        loop {
            lane.send(job());
            clock.sleep(every).await;
        }
    });
}
