//! The partitions of a topic: begun, led in a new epoch, deleted.

use std::sync::Arc;

use ottla_config::TopicConfig;
use ottla_controller::AssignedDirectory;
use ottla_env::Env;
use ottla_metadata::{Image, TopicImage};
use ottla_model::{TopicId, Uuid};

use super::{Publisher, leadership};
use crate::lane::Job;
use crate::partition::{Availability, Partition, PartitionKey};

impl<E: Env> Publisher<E> {
    pub(super) fn update(&mut self, image: &Image, topic: &Arc<TopicImage>, is_first: bool) {
        let mut config = None;
        for (index, state) in topic.partitions() {
            let Some(replica) = state.replicas.iter().position(|id| *id == self.node) else {
                continue;
            };
            let key = PartitionKey {
                topic: topic.id,
                index,
            };
            let known = self.to.partitions.get(topic.id, index);
            let known = known.map(|known| self.follow(known, state, replica));
            let partition = known.unwrap_or_else(|| {
                let assigned = state.directories.get(replica);
                // One for all partitions of the topic.
                let config =
                    config.get_or_insert_with(|| Arc::new(self.config(image, &topic.name)));
                let config = Arc::clone(config);
                let partition = self.place(image, topic, key, assigned, config, is_first);
                self.to.partitions.insert(Arc::clone(&partition));
                partition
            });
            if state.leader != self.node || self.missed.contains(&key) {
                if partition.leader_epoch().is_some() {
                    partition.set_leader_epoch(None);
                    self.to.groups.resign(key);
                    partition.lane.send(Job::Resign { key });
                }
            } else if partition.leader_epoch() != Some(state.leader_epoch) {
                partition.set_leader_epoch(Some(state.leader_epoch));
                let lane = partition.lane.clone();
                lane.send(Job::Lead {
                    partition: Arc::clone(&partition),
                    leadership: leadership(state),
                    was_found: self.found.logs.contains_key(&key),
                });
                self.to.groups.lead(&partition);
            }
        }
    }

    /// All that this node has of a topic.
    pub(super) fn delete(&mut self, topic: TopicId) {
        for partition in self.to.partitions.of_topic(topic) {
            self.to.partitions.remove(partition.key);
            self.places.left(partition.directory);
            self.missed.remove(&partition.key);
            self.to.moves.forget(partition.key);
            partition.set_leader_epoch(None);
            self.to.groups.remove(partition.key);
            if let Some(staying) = self.staying.lock().remove(&partition.key) {
                let lane = staying.lane.clone();
                lane.send(Job::Delete {
                    partition: staying,
                    was_found: true,
                });
            }
            let was_found = self.found.logs.remove(&partition.key).is_some();
            let lane = partition.lane.clone();
            lane.send(Job::Delete {
                partition,
                was_found,
            });
        }
    }

    /// A partition that is new here, in the directory that it is found or assigned to, or else in the one that has the fewest.
    fn place(
        &mut self,
        image: &Image,
        topic: &TopicImage,
        key: PartitionKey,
        assigned: Option<&Uuid>,
        config: Arc<TopicConfig>,
        is_first: bool,
    ) -> Arc<Partition<E>> {
        let found = self.found.logs.get(&key);
        let named = found.or(assigned).and_then(|id| self.places.of(*id));
        let is_missed = (named.is_none() && is_first && self.found.has_offline)
            || self.found.in_doubt.contains(&key);
        // One that has failed since is named no more.
        let usable = image.cluster().broker(self.node);
        let usable = usable.map_or(&[][..], |broker| broker.log_dirs());
        let preferred = self.to.moves.take_preferred(&topic.name, key.index);
        let preferred = preferred.filter(|id| usable.contains(id));
        let preferred = preferred.and_then(|id| self.places.of(id));
        let place = named
            .or(preferred)
            .unwrap_or_else(|| self.places.emptiest(usable, &self.to.log_dirs.cordoned()));
        let directory = place.0;
        let partition = Arc::new(Partition::new(key, Arc::clone(&topic.name), place, config));
        if is_missed {
            // Its log is where nobody can look. One begun elsewhere would be an empty one that passes for it.
            partition.set_availability(Availability::Offline);
            self.missed.insert(key);
        } else if assigned.is_some_and(|assigned| *assigned != directory) {
            let assigned = AssignedDirectory {
                topic: key.topic,
                partition: key.index,
                directory,
            };
            // Whoever passes it on ends with the node.
            let _ = self.assigned.unbounded_send(assigned);
        }
        self.places.came(directory);
        partition
    }
}
