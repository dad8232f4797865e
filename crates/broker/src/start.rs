//! From a configuration to a serving node, and back to closed files.

mod error;
mod metadata;
mod own_directories;
mod registration;
mod tasks;

use std::collections::BTreeSet;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use ottla_config::{Adjustable, ServerConfig, Settings};
use ottla_controller::{Controller, Request};
use ottla_env::{Clock, Env, Spawn};
use ottla_log::dir::LogDirectory;
use ottla_metadata::Image;
use ottla_model::{BrokerEpoch, Uuid};

pub use error::StartError;
pub(crate) use own_directories::{OwnDirectories, OwnDirectory};

use crate::client_quotas::ClientQuotas;
use crate::dynamic_configs::DynamicConfigs;
use crate::endpoints::quorum_endpoint;
use crate::failed_directories::FailedDirectory;
use crate::failure::{Failure, Failures};
use crate::found_logs::FoundLogs;
use crate::group_lag::{self, GroupLag};
use crate::groups::GroupCoordinators;
use crate::lane::{Job, Lane, LaneOptions};
use crate::log_dirs::LogDirs;
use crate::loggers::Loggers;
use crate::moves::Moves;
use crate::net::{ConnectionLimits, OfFile, OpenListeners, WantedListeners, learn_hosts};
use crate::node::Node;
use crate::partition::PartitionKey;
use crate::publish::Publisher;
use crate::published::Published;
use crate::quorum::Quorum;
use crate::telemetry::Telemetry;
use metadata::load;
use registration::register;
use tasks::Inboxes;

/// How long a node that stops waits for the controller to take each of its goodbyes: while others claim to lead the quorum, nobody
/// takes them.
const GOODBYE: Duration = Duration::from_secs(5);
/// A log directory and the lane that owns its partitions.
type DirectoryLane<E> = (Arc<LogDirectory<<E as Env>::Disk>>, Lane<E>);

/// A running node.
pub struct Broker<E: Env> {
    node: Arc<Node<E>>,
    lanes: Vec<DirectoryLane<E>>,
    failures: Arc<Failures>,
    epoch: BrokerEpoch,
    listeners: Vec<ottla_config::Listener>,
}

impl<E: Env> Broker<E> {
    /// Starts the node and returns when clients can connect. Its log is written by `loggers`.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing is left running then but tasks that end with the world.
    pub async fn start(
        env: E,
        config: ServerConfig,
        loggers: Arc<dyn Loggers>,
    ) -> Result<Self, StartError> {
        let own = OwnDirectories::take(&env, &config)?;
        // Before anything is touched that a start in vain would leave worse than it was.
        let mut listeners = OfFile::bind(&env, &config).await;
        let adjustable = Adjustable::of(config.settings());
        let limits = ConnectionLimits::new(&config, adjustable.connections.clone());
        learn_hosts(&env, &limits)
            .await
            .map_err(|(host, error)| StartError::Host { host, error })?;
        let endpoints = listeners
            .of_controller(&config)?
            .map(|bound| quorum_endpoint(&config, &bound.name, bound.address.port()))
            .collect();
        let (raft, log, controller) = load(&env, &config, &own.metadata, endpoints)?;
        let metadata_reader = log.reader();
        let (mut wanted, mut changes) = WantedListeners::new(&config);
        let dynamic = DynamicConfigs::of(controller.image(), config.node_id());
        wanted.set(&dynamic.over(config.settings()).effective());
        let listeners = listeners.wanted(|name| wanted.has(name))?;
        let of_listeners = (limits, wanted.taken());
        let (published, to_move) =
            publish_to(&env, &config, &controller, of_listeners, &own.of_partitions);
        let found = FoundLogs::find(
            &env,
            config.node_id(),
            &published.image.load(),
            &own,
            &published.moves,
        )?;
        let (tell_failed, failed) = mpsc::unbounded();
        let log_dirs = &published.log_dirs;
        let (lanes, cleanly_stopped) = start_lanes(
            &env,
            &config,
            &adjustable,
            &own.of_partitions,
            log_dirs,
            &tell_failed,
        )?;
        let OwnDirectories {
            cluster_id,
            metadata: (metadata, metadata_id),
            of_partitions: directories,
            ..
        } = own;
        // One that is no directory of partitions may have been one before; what its sign says ends here as well.
        metadata
            .take_clean_shutdown()
            .map_err(|error| StartError::Io {
                path: metadata.path().to_path_buf(),
                error,
            })?;
        let (tell_assigned, assigned) = mpsc::unbounded();
        let (tell_cordoned, cordoned) = mpsc::unbounded();
        let ids: Vec<Uuid> = directories.iter().map(|(_, id)| *id).collect();
        let lane_by_id = ids.iter().zip(&lanes);
        let publisher = Publisher::new(
            &config,
            wanted,
            published.clone(),
            lane_by_id
                .map(|(id, (_, lane))| (*id, lane.clone()))
                .collect(),
            found,
            tell_assigned,
            tell_cordoned,
        );
        let failures = Arc::new(Failures::default());
        let quorum = Quorum::start(
            &env,
            metadata,
            log,
            raft,
            controller,
            Arc::clone(&failures),
            publisher.into_callback(),
        );
        let node = Node::new(
            env,
            config,
            cluster_id,
            published,
            quorum,
            metadata_reader,
            loggers,
        );
        let node = Arc::new(node);
        let epoch = register(&node, &listeners, ids.clone(), cleanly_stopped).await?;
        let is_first = node.broker_epoch.set(epoch).is_ok();
        assert!(is_first, "a node registers once");
        let inboxes = Inboxes {
            to_move,
            assigned,
            cordoned,
            failed,
        };
        let ids = ids.into_iter().collect();
        tasks::begin(&node, epoch, inboxes, metadata_id, ids, &failures);
        let mut listeners = OpenListeners::accept(Arc::clone(&node), listeners);
        listeners.catch_up(&mut changes).await;
        let bound = listeners.bound();
        node.env.spawn().task(listeners.follow(changes));
        tasks::keep_house(&node, &lanes);
        Ok(Self {
            node,
            lanes,
            failures,
            epoch,
            listeners: bound,
        })
    }

    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.node.cluster_id
    }

    /// The listeners that were open when the node had started, with the ports that are in fact bound.
    #[must_use]
    pub fn listeners(&self) -> &[ottla_config::Listener] {
        &self.listeners
    }

    /// Gives the cluster as this node knows it, the newest image whenever it is asked.
    pub fn image(&self) -> impl Fn() -> Arc<Image> + Send + use<E> {
        let newest = Arc::clone(&self.node.image);
        move || newest.load_full()
    }

    /// How far each group that is coordinated here is behind in each partition that is led here.
    pub async fn group_lags(&self) -> Vec<GroupLag> {
        let Node {
            groups,
            partitions,
            image,
            ..
        } = &*self.node;
        group_lag::all(groups, partitions, &image.load_full()).await
    }

    /// Ready when the node cannot go on, and never as long as it can. What is left to do is to [`stop`](Self::stop) it.
    pub async fn failed(&self) -> Failure {
        self.failures.wait().await
    }

    /// Stops cleanly: leads nothing any more, closes all logs, leaves the sign that the next start need not recover.
    pub async fn stop(self) {
        let (broker, epoch) = (self.node.id, self.epoch);
        self.node.leave();
        for goodbye in [
            Request::ShutDown { broker, epoch },
            Request::Fence { broker },
        ] {
            let asked = pin!(self.node.quorum.ask(goodbye));
            let limit = pin!(self.node.env.clock().sleep(GOODBYE));
            match select(asked, limit).await {
                Either::Left((Ok(_), _)) => {}
                Either::Left((Err(code), _)) => {
                    tracing::warn!(%code, "the controller did not take the goodbye");
                }
                Either::Right(_) => {
                    tracing::warn!(waited = ?GOODBYE, "nobody led the quorum to take the goodbye: stopping without it");
                }
            }
        }
        let mut closed_cleanly = Vec::new();
        for (directory, lane) in &self.lanes {
            let (closed, done) = oneshot::channel();
            lane.send(Job::Close { closed });
            let result = done
                .await
                .unwrap_or_else(|_| Err(io::Error::other("its logs were not closed")));
            closed_cleanly.push((directory, result));
        }
        let quorum_closed = self.node.quorum.close().await;
        let metadata_directory = self.node.config.metadata_log_dir();
        for (directory, logs_closed) in closed_cleanly {
            // The sign speaks for the metadata log, too, where that is in the directory.
            let has_failed = directory.path() == metadata_directory && quorum_closed.is_err();
            let result = match logs_closed {
                Ok(()) if has_failed => continue,
                Ok(()) => directory.write_clean_shutdown(self.epoch),
                failed => failed,
            };
            if let Err(error) = result {
                tracing::error!(directory = %directory.path().display(), %error, "not closed cleanly: the next start checks its logs");
            }
        }
        if let Err(error) = quorum_closed {
            tracing::error!(%error, "the metadata log was not closed");
        }
    }
}

/// What the publisher of the node publishes to: as yet the metadata that was found. Gives it with where moves between directories are
/// asked for.
fn publish_to<E: Env>(
    env: &E,
    config: &ServerConfig,
    controller: &Controller,
    (connection_limits, listener_settings): (Arc<ConnectionLimits>, Arc<ArcSwap<Settings>>),
    directories: &[OwnDirectory<E>],
) -> (Published<E>, mpsc::UnboundedReceiver<PartitionKey>) {
    let image = Arc::new(ArcSwap::from_pointee(controller.image().clone()));
    let groups = GroupCoordinators::new(
        env.clone(),
        Arc::clone(&image),
        config.groups(),
        &config.consumer_groups(),
        &Adjustable::of(config.settings()),
    );
    let by_id = directories.iter();
    let by_id = by_id.map(|(directory, id)| (*id, Arc::clone(directory)));
    let (moves, to_move) = Moves::new(by_id.collect());
    let usable = directories.iter();
    let usable = usable.map(|(directory, id)| (directory.path().to_path_buf(), *id));
    let log_dirs = LogDirs::new(config.log_dirs(), &usable.collect::<Vec<_>>());
    let client_quotas =
        ClientQuotas::new(config.quota_windows(), config.controller_quota_windows());
    let telemetry = Telemetry::new(
        config.exports_client_metrics(),
        config.telemetry_max_bytes(),
    );
    let published = Published {
        image,
        partitions: Arc::default(),
        groups: Arc::new(groups),
        moves: Arc::new(moves),
        log_dirs: Arc::new(log_dirs),
        client_quotas: Arc::new(client_quotas),
        telemetry: Arc::new(telemetry),
        connection_limits,
        listener_settings,
    };
    (published, to_move)
}

/// Starts a lane for each directory. Gives them with the epoch in which the whole broker was stopped cleanly, if it was.
fn start_lanes<E: Env>(
    env: &E,
    config: &ServerConfig,
    adjustable: &Adjustable,
    directories: &[OwnDirectory<E>],
    log_dirs: &LogDirs,
    failed: &mpsc::UnboundedSender<Uuid>,
) -> Result<(Vec<DirectoryLane<E>>, BrokerEpoch), StartError> {
    let mut lanes = Vec::new();
    let mut clean_epochs = BTreeSet::new();
    for (directory, id) in directories {
        let io = |error| StartError::Io {
            path: directory.path().to_path_buf(),
            error,
        };
        directory.remove_deleted().map_err(io)?;
        let stopped = directory.take_clean_shutdown().map_err(io)?;
        clean_epochs.insert(stopped.unwrap_or(BrokerEpoch::NONE));
        let options = LaneOptions {
            was_clean: stopped.is_some(),
            recovered_at_once: config.recovery_threads(),
            producer_expiration: adjustable.producer_expiration,
            min_free: config.min_free_bytes(),
        };
        let log_dir = log_dirs.by_id(*id).expect("it is one that is configured");
        let failed = FailedDirectory::new(*id, Arc::clone(&log_dir.state), failed.clone());
        let lane = Lane::start(env, Arc::clone(directory), options, failed);
        lanes.push((Arc::clone(directory), lane));
    }
    // Only if all say the same was the whole broker stopped cleanly.
    let cleanly_stopped = match (clean_epochs.len(), clean_epochs.first()) {
        (1, Some(epoch)) => *epoch,
        _ => BrokerEpoch::NONE,
    };
    Ok((lanes, cleanly_stopped))
}
