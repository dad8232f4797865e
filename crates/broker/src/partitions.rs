//! The partitions whose logs are on this node, kept in step with the metadata.

use std::sync::Arc;

use ottla_env::Env;
use ottla_model::{PartitionIndex, TopicId};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::partition::{Partition, PartitionKey};

pub(crate) struct Partitions<E: Env> {
    by_key: RwLock<FxHashMap<PartitionKey, Arc<Partition<E>>>>,
}

impl<E: Env> Default for Partitions<E> {
    fn default() -> Self {
        Self {
            by_key: RwLock::default(),
        }
    }
}

impl<E: Env> Partitions<E> {
    pub(crate) fn get(&self, topic: TopicId, index: PartitionIndex) -> Option<Arc<Partition<E>>> {
        self.by_key
            .read()
            .get(&PartitionKey { topic, index })
            .cloned()
    }

    pub(crate) fn insert(&self, partition: Arc<Partition<E>>) {
        self.by_key.write().insert(partition.key, partition);
    }

    pub(crate) fn remove(&self, key: PartitionKey) -> Option<Arc<Partition<E>>> {
        self.by_key.write().remove(&key)
    }

    pub(crate) fn of_topic(&self, topic: TopicId) -> Vec<Arc<Partition<E>>> {
        self.by_key
            .read()
            .values()
            .filter(|partition| partition.key.topic == topic)
            .cloned()
            .collect()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Partition<E>>> {
        self.by_key.read().values().cloned().collect()
    }
}
