//! The target assignment: what every member is to have in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_model::TopicId;

use super::assignor::{Assignor, Subscriber};
use super::change::Change;
use super::{ConsumerGroup, Context, Member, Partitions, TopicsView};

/// A target may be replaced once it is as old as the interval, or if it is unknown how old it is: where it is of the future, somebody has
/// set the clock back since. Until then changes add up.
pub(super) fn may_replace(group: &ConsumerGroup, context: &Context<'_>) -> bool {
    let interval = context.settings.assignment_interval;
    let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
    let computed = group.target_timestamp.0;
    let age = context.wall_clock.0.saturating_sub(computed);
    computed == 0 || interval == 0 || age < 0 || age >= interval
}

/// Computes the target of the group as the change leaves it. Gives the one of the change's member.
pub(super) fn compute(change: &mut Change<'_>) -> Arc<Partitions> {
    let group = change.group;
    let changed = &change.member;
    let replaced = changed
        .instance_id
        .as_ref()
        .and_then(|instance_id| group.static_members.get(instance_id))
        .filter(|id| **id != changed.id);

    let mut subscriptions = Subscriptions::new(group, change.context.topics);
    let mut subscribers = BTreeMap::new();
    for member in group.members() {
        if member.id != changed.id && Some(&member.id) != replaced {
            let target = group.target(&member.id);
            subscribers.insert(
                Arc::clone(&member.id),
                subscriptions.subscriber(member, target),
            );
        }
    }
    let last = change.last_target();
    subscribers.insert(
        Arc::clone(&changed.id),
        subscriptions.subscriber(changed, last),
    );

    let topics = subscriptions.partition_counts();
    let mut targets = assignor(change).assign(&subscribers, &topics);
    let mut records = Vec::new();
    for id in subscribers.keys() {
        let target = targets.entry(Arc::clone(id)).or_default();
        if group.targets.get(id).map(|old| &**old) != Some(target) {
            records.push(group.target_record(id, target));
        }
    }
    records.push(group.target_epoch_record(change.epoch, change.context.wall_clock));
    let target = targets.remove(&changed.id).unwrap_or_default();
    change.records.extend(records);
    Arc::new(target)
}

/// The one that most members name; the default if none does.
fn assignor(change: &Change<'_>) -> Assignor {
    let mut named = change.group.server_assignors.clone();
    if let Some(name) = &change.member.server_assignor {
        named.add(name);
    }
    if let Some(name) = &change.old.server_assignor {
        named.remove(name);
    }
    named
        .most_frequent()
        .and_then(|name| Assignor::from_name(name))
        .unwrap_or_else(|| change.context.settings.default_assignor())
}

/// The existing topics that a member subscribes to by name or by its expression. One that is not resolved matches nothing.
pub(super) fn subscribed_ids(
    group: &ConsumerGroup,
    member: &Member,
    topics: &dyn TopicsView,
) -> BTreeSet<TopicId> {
    let resolved = member.regex().and_then(|regex| group.resolved_regex(regex));
    let by_regex = resolved.into_iter().flat_map(|resolved| &resolved.topics);
    member
        .subscribed_topics
        .iter()
        .chain(by_regex)
        .filter_map(|name| topics.id(name))
        .collect()
}

/// Members mostly subscribe to the same, which is then looked up, kept and compared once.
pub(super) struct Subscriptions<'a> {
    group: &'a ConsumerGroup,
    topics: &'a dyn TopicsView,
    known: BTreeMap<SubscriptionKey<'a>, Arc<BTreeSet<TopicId>>>,
}

type SubscriptionKey<'a> = (&'a BTreeSet<Arc<str>>, Option<&'a Arc<str>>);

impl<'a> Subscriptions<'a> {
    pub(super) fn new(group: &'a ConsumerGroup, topics: &'a dyn TopicsView) -> Self {
        Self {
            group,
            topics,
            known: BTreeMap::new(),
        }
    }

    pub(super) fn of(&mut self, member: &'a Member) -> &Arc<BTreeSet<TopicId>> {
        let key = (&*member.subscribed_topics, member.regex());
        let (group, topics) = (self.group, self.topics);
        self.known
            .entry(key)
            .or_insert_with(|| Arc::new(subscribed_ids(group, member, topics)))
    }

    fn subscriber(&mut self, member: &'a Member, target: Arc<Partitions>) -> Subscriber<'a> {
        Subscriber {
            instance_id: member.instance_id.as_deref(),
            topics: Arc::clone(self.of(member)),
            target,
        }
    }

    fn partition_counts(&self) -> BTreeMap<TopicId, i32> {
        let ids = self.known.values().flat_map(|ids| ids.iter());
        ids.map(|id| (*id, self.topics.partition_count(*id).unwrap_or(0)))
            .collect()
    }
}
