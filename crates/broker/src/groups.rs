//! The coordinators of groups: one for each partition of `__consumer_offsets` that this node leads.
//!
//! ```text
//! handlers ──requests──▶ shard of the group's partition ──batches──▶ lane
//!                            │    ▲                                    │
//!                  answers ◀─┘    └──────────── committed, or lost ◀───┘
//! ```

mod load;
mod settings;
mod shard;
#[cfg(test)]
mod tests;
mod topic;
mod topics;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, join_all, select};
use ottla_config::{Adjustable, ConsumerGroupConfig, GroupConfig, Settings as NodeSettings};
use ottla_env::{Clock, Env, Spawn};
use ottla_group::{Answer, Request, Settings, SharedTopics};
use ottla_metadata::Image;
use ottla_model::{ErrorCode, PartitionIndex};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::internal_topics::GROUP_METADATA;
use crate::partition::{Partition, PartitionKey};
use load::Loads;
use shard::{Job, Shard};

/// So long may whoever has created the topic wait until its partitions can be used.
const OPENING: Duration = Duration::from_secs(1);

/// The way to the groups that this node coordinates.
pub(crate) struct GroupCoordinators<E: Env> {
    env: E,
    image: Arc<ArcSwap<Image>>,
    config: GroupConfig,
    basis: Arc<RwLock<Basis>>,
    loads: Arc<Loads>,
    /// Of the partitions that are here, whoever leads them.
    shards: RwLock<FxHashMap<PartitionKey, mpsc::UnboundedSender<Job>>>,
}

/// What every coordinator begins with, as of the newest image that is carried out.
struct Basis {
    settings: Settings,
    topics: SharedTopics,
}

impl<E: Env> GroupCoordinators<E> {
    pub(crate) fn new(
        env: E,
        image: Arc<ArcSwap<Image>>,
        config: GroupConfig,
        consumer: &ConsumerGroupConfig,
        adjustable: &Adjustable,
    ) -> Self {
        let basis = Basis {
            settings: settings::of_node(&config, consumer, adjustable),
            topics: topics::of_image(&image.load_full(), None, false),
        };
        Self {
            basis: Arc::new(RwLock::new(basis)),
            env,
            image,
            loads: Arc::new(Loads::default()),
            config,
            shards: RwLock::default(),
        }
    }

    /// This node leads the partition from now on.
    pub(crate) fn lead(&self, partition: &Arc<Partition<E>>) {
        if &*partition.topic != GROUP_METADATA {
            return;
        }
        let mut shards = self.shards.write();
        let shard = shards.entry(partition.key).or_insert_with(|| {
            let (jobs, inbox) = mpsc::unbounded();
            let shard = Shard::new(
                self.env.clone(),
                Arc::clone(partition),
                self.config.clone(),
                Arc::clone(&self.loads),
                Arc::clone(&self.basis),
            );
            self.env.spawn().task(shard.run(inbox));
            jobs
        });
        // One that has ended does so with the node.
        let _ = shard.unbounded_send(Job::Lead);
    }

    /// Another node leads the partition from now on, or nobody.
    pub(crate) fn resign(&self, key: PartitionKey) {
        if let Some(shard) = self.shards.read().get(&key) {
            let _ = shard.unbounded_send(Job::Resign);
        }
    }

    /// The partition is gone from the metadata.
    pub(crate) fn remove(&self, key: PartitionKey) {
        self.shards.write().remove(&key);
    }

    /// Topics are gone from the metadata, and with them what groups have committed in them.
    pub(crate) fn topics_are_deleted(&self, names: &BTreeSet<Arc<str>>) {
        self.tell_all(&Request::ForgetTopics(names.clone()));
    }

    /// There is another image, in which the topics of these names are new, gone or not what they were.
    pub(crate) fn follow(
        &self,
        image: &Arc<Image>,
        changed: &BTreeSet<Arc<str>>,
        has_new_topics: bool,
    ) {
        let next = {
            let topics = &mut self.basis.write().topics;
            *topics = topics::of_image(image, Some(topics), has_new_topics);
            topics.clone()
        };
        self.tell_all(&Request::FollowTopics(next, changed.clone()));
    }

    /// This is configured from now on of the node, and in `image` of single groups.
    pub(crate) fn configure(&self, settings: &NodeSettings, image: &Image) {
        let next = {
            let current = &mut self.basis.write().settings.consumer;
            let next = settings::of_groups(&current.node, settings, image);
            if *current == next {
                return;
            }
            *current = next.clone();
            next
        };
        self.tell_all(&Request::Configure(next));
    }

    /// Whoever does not coordinate yet begins with it.
    fn tell_all(&self, request: &Request) {
        for shard in self.shards.read().values() {
            let (reply, _) = oneshot::channel();
            let request = request.clone();
            let _ = shard.unbounded_send(Job::Ask { request, reply });
        }
    }

    /// Where the group is kept; `None` while there is no partition for any.
    pub(crate) fn partition_of(&self, group: &str) -> Option<PartitionKey> {
        let image = self.image.load();
        let topic = image.topics().by_name(GROUP_METADATA)?;
        let partitions = i32::try_from(topic.partition_count()).ok()?;
        Some(PartitionKey {
            topic: topic.id,
            index: partition_for(group, partitions),
        })
    }

    /// What the group's coordinator answers, however long that takes.
    pub(crate) async fn ask(&self, group: &str, request: Request) -> Answer {
        let key = self.partition_of(group);
        let key = key.ok_or(ErrorCode::NotCoordinator)?;
        let answer = self.send(key, request);
        // Whoever unloads the partition answers nothing.
        answer.await.unwrap_or(Err(ErrorCode::NotCoordinator))
    }

    /// The same for what is only to be written: after a while it counts as failed, though it may be written still.
    pub(crate) async fn write(&self, group: &str, request: Request) -> Answer {
        let limit = pin!(self.env.clock().sleep(self.config.write_timeout));
        match select(pin!(self.ask(group, request)), limit).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(ErrorCode::CoordinatorNotAvailable),
        }
    }

    /// What the coordinators of all partitions that are led here answer.
    pub(crate) async fn ask_all(&self, request: &Request) -> Vec<Answer> {
        let keys: Vec<PartitionKey> = self.shards.read().keys().copied().collect();
        let answers = keys.into_iter().map(|key| self.send(key, request.clone()));
        let answers = join_all(answers).await.into_iter().flatten();
        answers
            .filter(|answer| *answer != Err(ErrorCode::NotCoordinator))
            .collect()
    }

    fn send(&self, key: PartitionKey, request: Request) -> oneshot::Receiver<Answer> {
        let (reply, answer) = oneshot::channel();
        if let Some(shard) = self.shards.read().get(&key) {
            let _ = shard.unbounded_send(Job::Ask { request, reply });
        }
        answer
    }
}

/// Kafka's choice: the hash that Java has for the group's id.
fn partition_for(group: &str, partitions: i32) -> PartitionIndex {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    let hash = group.encode_utf16().fold(0, add);
    // The one hash that has no absolute value counts as 0.
    PartitionIndex(hash.checked_abs().unwrap_or(0) % partitions)
}
