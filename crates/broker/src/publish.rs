//! From a new image to the partitions of this node: opened, led in a new epoch, configured, deleted.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ottla_config::{Settings, TopicConfig};
use ottla_env::Env;
use ottla_metadata::{Image, Resource, TopicImage};
use ottla_model::{NodeId, Uuid};
use ottla_replica::Leadership;

use crate::dynamic_configs::DynamicConfigs;
use crate::found_logs::FoundLogs;
use crate::lane::{Job, Lane};
use crate::partition::{Availability, Partition, PartitionKey};
use crate::partitions::Partitions;

/// Carries out what committed metadata says about this node, and then shows it to everyone.
pub(crate) struct Publisher<E: Env> {
    node: NodeId,
    /// The file's, and with the dynamic configs of this broker.
    file: Settings,
    settings: Settings,
    image: Arc<ArcSwap<Image>>,
    partitions: Arc<Partitions<E>>,
    /// By the id of their directory.
    lanes: Vec<(Uuid, Lane<E>)>,
    /// Where the logs are that were there at the start.
    found: FoundLogs,
    /// Nothing has been carried out yet, not even what the first image holds.
    is_first: bool,
}

impl<E: Env> Publisher<E> {
    pub(crate) fn new(
        node: NodeId,
        settings: Settings,
        image: Arc<ArcSwap<Image>>,
        partitions: Arc<Partitions<E>>,
        lanes: Vec<(Uuid, Lane<E>)>,
        found: FoundLogs,
    ) -> Self {
        assert!(!lanes.is_empty(), "a node has a log directory");
        Self {
            node,
            file: settings.clone(),
            settings,
            image,
            partitions,
            lanes,
            found,
            is_first: true,
        }
    }

    pub(crate) fn into_callback(mut self) -> impl FnMut(Arc<Image>) + Send + 'static {
        move |image| self.publish(&image)
    }

    fn publish(&mut self, next: &Arc<Image>) {
        let current = self.image.load_full();
        let nothing = Image::default();
        let is_first = std::mem::take(&mut self.is_first);
        let before = if is_first { &nothing } else { &*current };
        let has_new_configs = before.configs() != next.configs();
        if has_new_configs {
            self.settings = DynamicConfigs::of(next, self.node)
                .over(&self.file)
                .effective();
        }
        let (updated, deleted): (Vec<_>, Vec<_>) = next
            .topics()
            .changes_since(before.topics())
            .partition(|(_, topic)| topic.is_some());
        // First, for a topic of the same name may be among the new ones.
        for (id, _) in deleted {
            for partition in self.partitions.of_topic(id) {
                self.partitions.remove(partition.key);
                partition.lane.send(Job::Delete { key: partition.key });
            }
        }
        for topic in updated.into_iter().filter_map(|(_, topic)| topic) {
            self.update(next, &topic, is_first);
        }
        if has_new_configs {
            self.configure(next);
        }
        self.image.store(Arc::clone(next));
    }

    fn update(&self, image: &Image, topic: &Arc<TopicImage>, is_first: bool) {
        for (index, state) in topic.partitions() {
            let Some(replica) = state.replicas.iter().position(|id| *id == self.node) else {
                continue;
            };
            let key = PartitionKey {
                topic: topic.id,
                index,
            };
            let partition = self.partitions.get(topic.id, index).unwrap_or_else(|| {
                let directory = self.found.logs.get(&key);
                let directory = directory.or_else(|| state.directories.get(replica));
                let named = self.lanes.iter().find(|(id, _)| Some(id) == directory);
                let lane = named.unwrap_or(&self.lanes[0]).1.clone();
                let config = Arc::new(self.config(image, &topic.name));
                let partition =
                    Arc::new(Partition::new(key, Arc::clone(&topic.name), lane, config));
                self.partitions.insert(Arc::clone(&partition));
                // Its log is where nobody can look. One begun elsewhere would be an empty one that passes for it.
                if is_first && named.is_none() && self.found.has_offline {
                    partition.set_availability(Availability::Offline);
                    partition.lane.send(Job::Miss { key });
                }
                partition
            });
            if state.leader != self.node {
                partition.set_leader_epoch(None);
            } else if partition.leader_epoch() != Some(state.leader_epoch) {
                partition.set_leader_epoch(Some(state.leader_epoch));
                let lane = partition.lane.clone();
                // With one replica the in-sync ones change only together with the leader.
                let leadership = Leadership {
                    epoch: state.leader_epoch,
                    replicas: state.replicas.len(),
                    in_sync: state.isr.len(),
                };
                lane.send(Job::Lead {
                    partition,
                    leadership,
                    was_found: self.found.logs.contains_key(&key),
                });
            }
        }
    }

    fn config(&self, image: &Image, topic: &str) -> TopicConfig {
        TopicConfig::new(
            &self.settings,
            image.configs().of(&Resource::new(Resource::TOPIC, topic)),
        )
    }

    fn configure(&self, image: &Image) {
        for partition in self.partitions.all() {
            let config = self.config(image, &partition.topic);
            if config != **partition.config.load() {
                partition.lane.send(Job::Configure {
                    key: partition.key,
                    config: Arc::new(config),
                });
            }
        }
    }
}
