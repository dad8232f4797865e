//! Sets of partitions of several topics.

use std::collections::{BTreeMap, BTreeSet};

use ottla_model::{PartitionIndex, TopicId};

use super::Epoch;

/// No topic without partitions.
pub type Partitions = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

/// The partitions of a member, each with the epoch in which it got it. No topic without partitions.
pub type Assignment = BTreeMap<TopicId, BTreeMap<PartitionIndex, Epoch>>;

/// The epoch in which `partition` came into `assignment`.
pub(super) fn assignment_epoch(
    assignment: &Assignment,
    topic: TopicId,
    partition: PartitionIndex,
) -> Option<Epoch> {
    assignment.get(&topic)?.get(&partition).copied()
}

pub(super) fn pairs(assignment: &Assignment) -> impl Iterator<Item = (TopicId, PartitionIndex)> {
    assignment
        .iter()
        .flat_map(|(topic, partitions)| partitions.keys().map(|partition| (*topic, *partition)))
}
