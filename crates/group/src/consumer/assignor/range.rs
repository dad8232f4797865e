//! Of each topic a range of partitions to each subscriber, in the order of their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_model::{PartitionIndex, TopicId};

use super::{Partitions, Subscriber};

/// What is left of a topic while it is dealt out.
struct Topic {
    next: i32,
    quota: i32,
    /// Subscribers that get one more than the quota: the first ones.
    extra: i32,
}

pub(super) fn assign(
    members: &BTreeMap<Arc<str>, Subscriber<'_>>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<Arc<str>, Partitions> {
    let mut subscribers: BTreeMap<TopicId, i32> = BTreeMap::new();
    for topic in members.values().flat_map(|member| member.topics.iter()) {
        *subscribers.entry(*topic).or_default() += 1;
    }
    let mut left: BTreeMap<TopicId, Topic> = subscribers
        .into_iter()
        .map(|(topic, subscribers)| {
            let partitions = topics[&topic];
            let topic_left = Topic {
                next: 0,
                quota: partitions / subscribers,
                extra: partitions % subscribers,
            };
            (topic, topic_left)
        })
        .collect();

    let mut targets = BTreeMap::new();
    for (id, member) in in_order(members) {
        let mut target = Partitions::new();
        for topic in member.topics.iter() {
            let topic_left = left
                .get_mut(topic)
                .expect("every subscribed topic is counted above");
            let end = topic_left.next + topic_left.quota + i32::from(topic_left.extra > 0);
            topic_left.extra = (topic_left.extra - 1).max(0);
            if topic_left.next < end {
                let range = topic_left.next..end;
                target.insert(*topic, range.map(PartitionIndex).collect());
            }
            topic_left.next = end;
        }
        targets.insert(Arc::clone(id), target);
    }
    targets
}

/// Static members first, by instance, so that they keep their places when they come back under another id.
fn in_order<'m, 'a>(
    members: &'m BTreeMap<Arc<str>, Subscriber<'a>>,
) -> Vec<(&'m Arc<str>, &'m Subscriber<'a>)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(id, member)| (member.instance_id.is_none(), member.instance_id, *id));
    members
}
