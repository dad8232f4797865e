//! From a new image to the partitions of this node: opened, led in a new epoch, configured, deleted.

mod moves;
mod partitions;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::channel::mpsc;
use ottla_config::{Adjustable, ServerConfig, Settings, TopicConfig};
use ottla_controller::AssignedDirectory;
use ottla_env::Env;
use ottla_metadata::{Image, PartitionImage, Resource};
use ottla_model::{NodeId, TopicId, Uuid};
use ottla_replica::Leadership;
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::directories::Places;
use crate::dynamic_configs::DynamicConfigs;
use crate::found_logs::FoundLogs;
use crate::lane::{Job, Lane};
use crate::net::WantedListeners;
use crate::partition::{Partition, PartitionKey};
use crate::published::Published;

/// Carries out what committed metadata says about this node, and then shows it to everyone.
pub(crate) struct Publisher<E: Env> {
    node: NodeId,
    /// The file's, and with the dynamic configs of this broker.
    file: Settings,
    settings: Settings,
    adjusted: Adjustable,
    listeners: WantedListeners,
    /// What it publishes to.
    to: Published<E>,
    places: Places<E>,
    /// Where the logs are that were there at the start.
    found: FoundLogs,
    /// Partitions whose logs could not be handed over, as they are where they stay: the metadata names the other directory yet.
    staying: Arc<Mutex<FxHashMap<PartitionKey, Arc<Partition<E>>>>>,
    /// Their logs are in a directory that cannot be used.
    missed: FxHashSet<PartitionKey>,
    /// The directories that get no new partitions, whenever they are others.
    cordoned: mpsc::UnboundedSender<Vec<Uuid>>,
    /// Where those are that the metadata does not know where they are.
    assigned: mpsc::UnboundedSender<AssignedDirectory>,
    /// Nothing has been carried out yet, not even what the first image holds.
    is_first: bool,
}

impl<E: Env> Publisher<E> {
    /// `lanes` are those of the directories. `assigned` and `cordoned` pass on what the controller is to know.
    pub(crate) fn new(
        config: &ServerConfig,
        listeners: WantedListeners,
        to: Published<E>,
        lanes: Vec<(Uuid, Lane<E>)>,
        found: FoundLogs,
        assigned: mpsc::UnboundedSender<AssignedDirectory>,
        cordoned: mpsc::UnboundedSender<Vec<Uuid>>,
    ) -> Self {
        Self {
            node: config.node_id(),
            file: config.settings().clone(),
            adjusted: Adjustable::of(config.settings()),
            settings: config.settings().clone(),
            listeners,
            to,
            places: Places::new(lanes),
            found,
            staying: Arc::default(),
            missed: FxHashSet::default(),
            cordoned,
            assigned,
            is_first: true,
        }
    }

    pub(crate) fn into_callback(mut self) -> impl FnMut(Arc<Image>) + Send + 'static {
        move |image| self.publish(&image)
    }

    fn publish(&mut self, next: &Arc<Image>) {
        let current = self.to.image.load_full();
        let nothing = Image::default();
        let is_first = std::mem::take(&mut self.is_first);
        let before = if is_first { &nothing } else { &*current };
        let has_new_configs = before.configs() != next.configs();
        if has_new_configs {
            let settings = DynamicConfigs::of(next, self.node)
                .over(&self.file)
                .effective();
            let of_groups = next.configs().of_kind(Resource::GROUP);
            let is_of_groups = settings != self.settings
                || of_groups.ne(before.configs().of_kind(Resource::GROUP));
            self.settings = settings;
            self.adjust();
            if is_of_groups || is_first {
                self.to.groups.configure(&self.settings, next);
            }
            let subscriptions = next.configs().of_kind(Resource::CLIENT_METRICS);
            if subscriptions.ne(before.configs().of_kind(Resource::CLIENT_METRICS)) {
                self.to.telemetry.subscribe(next);
            }
        }
        if has_new_configs || is_first || before.features() != next.features() {
            self.cordon(next);
        }
        if before.client_quotas() != next.client_quotas() {
            self.to.client_quotas.configure(next.client_quotas());
            self.to
                .connection_limits
                .set_rates_of_addresses(next.client_quotas());
        }
        let (updated, deleted): (Vec<_>, Vec<_>) = next
            .topics()
            .changes_since(before.topics())
            .partition(|(_, topic)| topic.is_some());
        // First, for a topic of the same name may be among the new ones.
        let mut deleted_names = BTreeSet::new();
        for (id, _) in deleted {
            if let Some(topic) = before.topics().by_id(id) {
                deleted_names.insert(Arc::clone(&topic.name));
            }
            self.delete(id);
        }
        if !deleted_names.is_empty() {
            self.to.groups.topics_are_deleted(&deleted_names);
        }
        let mut changed_names = deleted_names;
        let mut has_new_topics = false;
        for topic in updated.into_iter().filter_map(|(_, topic)| topic) {
            self.update(next, &topic, is_first);
            has_new_topics |= before.topics().by_id(topic.id).is_none();
            changed_names.insert(Arc::clone(&topic.name));
        }
        if !changed_names.is_empty() {
            self.to.groups.follow(next, &changed_names, has_new_topics);
        }
        if has_new_configs {
            self.configure(next);
        }
        self.to.image.store(Arc::clone(next));
    }

    /// Closes directories to new partitions, where the cluster knows of that, and has the controller told.
    fn cordon(&self, image: &Image) {
        let has_cordons = image.features().metadata_version().has_cordons();
        let named = match has_cordons {
            true => &self.adjusted.cordoned_log_dirs[..],
            false => &[],
        };
        if let Some(cordoned) = self.to.log_dirs.cordon(named) {
            // Whoever passes it on ends with the node.
            let _ = self.cordoned.unbounded_send(cordoned);
        }
    }

    /// Carries out what has changed of the node's own settings.
    fn adjust(&mut self) {
        self.listeners.set(&self.settings);
        let next = Adjustable::of(&self.settings);
        if next.connections != self.adjusted.connections {
            self.to.connection_limits.set(next.connections.clone());
        }
        if next.producer_expiration != self.adjusted.producer_expiration {
            for lane in self.places.lanes() {
                lane.send(Job::ExpireProducers {
                    after: next.producer_expiration,
                });
            }
        }
        self.adjusted = next;
    }

    fn config(&self, image: &Image, topic: &str) -> TopicConfig {
        TopicConfig::new(
            &self.settings,
            image.configs().of(&Resource::new(Resource::TOPIC, topic)),
        )
    }

    fn configure(&self, image: &Image) {
        let mut configs: FxHashMap<TopicId, Arc<TopicConfig>> = FxHashMap::default();
        for partition in self.to.partitions.all() {
            let config = configs
                .entry(partition.key.topic)
                .or_insert_with(|| Arc::new(self.config(image, &partition.topic)));
            if **config != *partition.config() {
                // First, for that is where the lane looks: what it is told while it is busy ends with the latest.
                partition.set_config(Arc::clone(config));
                partition.lane.send(Job::Configure { key: partition.key });
            }
        }
    }
}

/// With one replica the in-sync ones change only together with the leader.
fn leadership(state: &PartitionImage) -> Leadership {
    Leadership {
        epoch: state.leader_epoch,
        replicas: state.replicas.len(),
        in_sync: state.isr.len(),
    }
}

#[cfg(test)]
mod tests;
