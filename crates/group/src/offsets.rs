//! Committed offsets: what a group has read of each partition.

mod commit;
mod delete;
mod expire;
mod fetch;

use std::sync::Arc;

use imbl::OrdMap;
use ottla_model::{LeaderEpoch, Offset, PartitionIndex, ProducerId, Timestamp, TopicId};
use ottla_wire::coordinator_record::group::legacy_offset_commit::LegacyOffsetCommitValue;
use ottla_wire::coordinator_record::group::offset_commit::OffsetCommitValue;

pub use commit::{CommitOffsets, PartitionCommit, TopicCommit};
pub use delete::DeleteOffsets;
pub use expire::Expiry;
pub use fetch::{FetchOffsets, FetchTopic, FetchedPartition, FetchedTopic};

pub(crate) use commit::commit;
pub(crate) use delete::{all_of_group, delete, of_topics};
pub(crate) use expire::expired;
pub(crate) use fetch::fetch;

/// A position, as it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    pub offset: Offset,
    pub leader_epoch: LeaderEpoch,
    pub metadata: Arc<str>,
    pub committed_at: Timestamp,
    /// Only of commits that say themselves how long they are kept.
    pub expires_at: Option<Timestamp>,
    /// Nil where whoever wrote it knew no ids.
    pub topic_id: TopicId,
    /// Later commits have higher ones, whichever producer they are of.
    order: u64,
}

/// By topic and partition.
pub(crate) type GroupOffsets = OrdMap<Arc<str>, OrdMap<PartitionIndex, CommittedOffset>>;

/// The offsets of all groups of a partition of `__consumer_offsets`. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offsets {
    by_group: OrdMap<Arc<str>, GroupOffsets>,
    /// Those of transactions that are open, by group in turn.
    pending: OrdMap<ProducerId, OrdMap<Arc<str>, GroupOffsets>>,
    /// Commits so far.
    commits: u64,
}

impl Offsets {
    pub(crate) fn of_group(&self, group: &str) -> Option<&GroupOffsets> {
        self.by_group.get(group)
    }

    /// How many commits there have been: those that come have a higher order.
    pub(crate) fn commits(&self) -> u64 {
        self.commits
    }

    /// Everything that is committed, by group, topic and partition.
    pub fn iter(
        &self,
    ) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, PartitionIndex, &CommittedOffset)> {
        self.by_group.iter().flat_map(|(group, topics)| {
            topics.iter().flat_map(move |(topic, partitions)| {
                let partitions = partitions.iter();
                partitions.map(move |(partition, offset)| (group, topic, *partition, offset))
            })
        })
    }

    /// What the group has committed there.
    #[must_use]
    pub fn get(
        &self,
        group: &str,
        topic: &str,
        partition: PartitionIndex,
    ) -> Option<&CommittedOffset> {
        self.by_group.get(group)?.get(topic)?.get(&partition)
    }

    /// Whether an open transaction has a position for that.
    pub(crate) fn is_pending(&self, group: &str, topic: &str, partition: PartitionIndex) -> bool {
        self.pending_of(group)
            .filter_map(|offsets| offsets.get(topic))
            .any(|partitions| partitions.contains_key(&partition))
    }

    /// What open transactions have for the group.
    pub(crate) fn pending_of<'a>(
        &'a self,
        group: &'a str,
    ) -> impl Iterator<Item = &'a GroupOffsets> {
        self.pending
            .values()
            .filter_map(move |groups| groups.get(group))
    }

    pub(crate) fn put(
        &mut self,
        group: &Arc<str>,
        topic: &str,
        partition: PartitionIndex,
        mut offset: CommittedOffset,
        producer: Option<ProducerId>,
    ) {
        self.commits += 1;
        offset.order = self.commits;
        let groups = match producer {
            None => &mut self.by_group,
            Some(producer) => self.pending.entry(producer).or_default(),
        };
        insert(groups, group, topic, partition, offset);
    }

    /// Forgets the position, and those that open transactions have for the same.
    pub(crate) fn remove(&mut self, group: &str, topic: &str, partition: PartitionIndex) {
        remove(&mut self.by_group, group, topic, partition);
        let holders: Vec<ProducerId> = self.pending.keys().copied().collect();
        for producer in holders {
            if let Some(groups) = self.pending.get_mut(&producer) {
                remove(groups, group, topic, partition);
            }
        }
    }

    /// The producer's transaction has ended. What was committed later than in it stays.
    pub(crate) fn end_transaction(&mut self, producer: ProducerId, is_committed: bool) {
        let Some(groups) = self.pending.remove(&producer) else {
            return;
        };
        if !is_committed {
            return;
        }
        for (group, topics) in &groups {
            for (topic, partitions) in topics {
                for (partition, offset) in partitions {
                    let known = self.get(group, topic, *partition);
                    if known.is_none_or(|known| known.order < offset.order) {
                        let offset = offset.clone();
                        insert(&mut self.by_group, group, topic, *partition, offset);
                    }
                }
            }
        }
    }
}

fn insert(
    groups: &mut OrdMap<Arc<str>, GroupOffsets>,
    group: &Arc<str>,
    topic: &str,
    partition: PartitionIndex,
    offset: CommittedOffset,
) {
    let topics = groups.entry(Arc::clone(group)).or_default();
    // The name is kept once, not anew with each commit.
    if let Some(partitions) = topics.get_mut(topic) {
        partitions.insert(partition, offset);
    } else {
        topics.insert(Arc::from(topic), OrdMap::unit(partition, offset));
    }
}

fn remove(
    groups: &mut OrdMap<Arc<str>, GroupOffsets>,
    group: &str,
    topic: &str,
    partition: PartitionIndex,
) {
    let Some(topics) = groups.get_mut(group) else {
        return;
    };
    if let Some(partitions) = topics.get_mut(topic) {
        partitions.remove(&partition);
        if partitions.is_empty() {
            topics.remove(topic);
        }
    }
    if topics.is_empty() {
        groups.remove(group);
    }
}

impl From<OffsetCommitValue<'_>> for CommittedOffset {
    fn from(value: OffsetCommitValue<'_>) -> Self {
        Self {
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            metadata: Arc::from(&*value.metadata),
            committed_at: value.commit_timestamp,
            expires_at: Some(value.expire_timestamp).filter(|at| *at != Timestamp::NONE),
            topic_id: value.topic_id,
            order: 0,
        }
    }
}

impl From<LegacyOffsetCommitValue<'_>> for CommittedOffset {
    fn from(value: LegacyOffsetCommitValue<'_>) -> Self {
        Self {
            offset: value.offset,
            leader_epoch: LeaderEpoch::NONE,
            metadata: Arc::from(&*value.metadata),
            committed_at: value.commit_timestamp,
            expires_at: None,
            topic_id: TopicId::default(),
            order: 0,
        }
    }
}
