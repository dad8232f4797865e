//! As many partitions for each member as can be, moving as few as that takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_model::{PartitionIndex, TopicId};

use super::{Partitions, Subscriber, balance};

pub(super) fn assign(
    members: &BTreeMap<Arc<str>, Subscriber<'_>>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<Arc<str>, Partitions> {
    let mut subscriptions = members.values().map(|member| &member.topics);
    let Some(first) = subscriptions.next() else {
        return BTreeMap::new();
    };
    if subscriptions.all(|other| other == first) {
        assign_alike(members, first, topics)
    } else {
        balance::assign(members, topics)
    }
}

/// All subscribe to the same: then numbers of partitions differ by one at most, and who has more than the fewest keeps it if it had it.
fn assign_alike(
    members: &BTreeMap<Arc<str>, Subscriber<'_>>,
    subscribed: &BTreeSet<TopicId>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<Arc<str>, Partitions> {
    let mut free: BTreeSet<(TopicId, PartitionIndex)> = subscribed
        .iter()
        .flat_map(|topic| (0..topics[topic]).map(|partition| (*topic, PartitionIndex(partition))))
        .collect();
    let quota = free.len() / members.len();
    let mut extra = free.len() % members.len();

    let mut kept = Vec::new();
    for (id, member) in members {
        let mut partitions: Vec<(TopicId, PartitionIndex)> = Vec::new();
        for (topic, indexes) in member.target.iter() {
            partitions.extend(indexes.iter().map(|index| (*topic, *index)));
        }
        partitions.retain(|partition| free.contains(partition));
        let mut limit = quota;
        if partitions.len() > quota && extra > 0 {
            limit += 1;
            extra -= 1;
        }
        partitions.truncate(limit);
        for partition in &partitions {
            free.remove(partition);
        }
        kept.push((id, partitions));
    }

    let mut free = free.into_iter();
    let mut targets = BTreeMap::new();
    for (id, mut partitions) in kept {
        let mut limit = quota;
        if partitions.len() > quota {
            limit = partitions.len();
        } else if extra > 0 {
            limit += 1;
            extra -= 1;
        }
        partitions.extend(free.by_ref().take(limit - partitions.len()));
        let mut target = Partitions::new();
        for (topic, index) in partitions {
            target.entry(topic).or_default().insert(index);
        }
        targets.insert(Arc::clone(id), target);
    }
    assert!(
        free.next().is_none(),
        "the quotas are made to add up to all partitions"
    );
    targets
}
