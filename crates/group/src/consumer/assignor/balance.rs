//! Partitions for members that subscribe to different topics: no move of a partition to another of its subscribers would make two members more
//! alike in how many they have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_model::{PartitionIndex, TopicId};

use super::{Partitions, Subscriber};

/// Members by number, and the partitions of each topic by their owner's.
struct Balance<'a> {
    loads: Vec<usize>,
    subscribers: BTreeMap<TopicId, Vec<usize>>,
    owners: BTreeMap<TopicId, Vec<Option<usize>>>,
    members: Vec<(&'a Arc<str>, &'a Subscriber<'a>)>,
}

pub(super) fn assign(
    members: &BTreeMap<Arc<str>, Subscriber<'_>>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<Arc<str>, Partitions> {
    let mut balance = Balance::keep(members, topics);
    balance.assign_free();
    balance.even_out();
    balance.targets()
}

impl<'a> Balance<'a> {
    /// Begins with what members have and may keep.
    fn keep(
        members: &'a BTreeMap<Arc<str>, Subscriber<'a>>,
        topics: &BTreeMap<TopicId, i32>,
    ) -> Self {
        let mut this = Self {
            loads: vec![0; members.len()],
            subscribers: BTreeMap::new(),
            owners: BTreeMap::new(),
            members: members.iter().collect(),
        };
        for (number, (_, member)) in this.members.iter().enumerate() {
            for topic in member.topics.iter() {
                let subscribers = this.subscribers.entry(*topic).or_default();
                subscribers.push(number);
                let owners = this
                    .owners
                    .entry(*topic)
                    .or_insert_with(|| vec![None; usize::try_from(topics[topic]).unwrap_or(0)]);
                for partition in member.target.get(topic).into_iter().flatten() {
                    let index = usize::try_from(partition.0).unwrap_or(usize::MAX);
                    if let Some(owner @ None) = owners.get_mut(index) {
                        *owner = Some(number);
                        this.loads[number] += 1;
                    }
                }
            }
        }
        this
    }

    /// Topics with few subscribers first: their partitions have fewer places to go.
    fn topics_in_order(&self) -> Vec<TopicId> {
        let mut topics: Vec<TopicId> = self.owners.keys().copied().collect();
        topics.sort_by_key(|topic| (self.subscribers[topic].len(), *topic));
        topics
    }

    fn by_load(&self, topic: TopicId) -> BTreeSet<(usize, usize)> {
        self.subscribers[&topic]
            .iter()
            .map(|number| (self.loads[*number], *number))
            .collect()
    }

    fn assign_free(&mut self) {
        for topic in self.topics_in_order() {
            let mut by_load = self.by_load(topic);
            let owners = self
                .owners
                .get_mut(&topic)
                .expect("the topics are those of the owners");
            for owner in owners.iter_mut().filter(|owner| owner.is_none()) {
                let (load, number) = by_load
                    .pop_first()
                    .expect("a topic is here because somebody subscribes to it");
                by_load.insert((load + 1, number));
                self.loads[number] += 1;
                *owner = Some(number);
            }
        }
    }

    /// Each move makes the sum of the squares of the loads smaller, so this ends.
    fn even_out(&mut self) {
        let topics = self.topics_in_order();
        loop {
            let mut any = false;
            for topic in &topics {
                any |= self.even_out_topic(*topic);
            }
            if !any {
                return;
            }
        }
    }

    /// Gives partitions of the topic from who has most to who has fewest, as long as these differ by more than one.
    fn even_out_topic(&mut self, topic: TopicId) -> bool {
        let mut by_load = self.by_load(topic);
        let mut owned: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, owner) in self.owners[&topic].iter().enumerate() {
            let owner = owner.expect("what was free is assigned first");
            owned.entry(owner).or_default().push(index);
        }
        let mut givers: BTreeSet<(usize, usize)> = owned
            .keys()
            .map(|number| (self.loads[*number], *number))
            .collect();
        let mut any = false;
        while let (Some((most, giver)), Some((fewest, taker))) =
            (givers.pop_last(), by_load.first().copied())
        {
            if most <= fewest + 1 {
                break;
            }
            let partitions = owned.get_mut(&giver).expect("a giver owns partitions");
            let index = partitions.pop().expect("a giver owns partitions");
            if !partitions.is_empty() {
                givers.insert((most - 1, giver));
            }
            by_load.remove(&(most, giver));
            by_load.insert((most - 1, giver));
            by_load.remove(&(fewest, taker));
            by_load.insert((fewest + 1, taker));
            // What the taker gets here it need not give: it stays below all givers.
            self.loads[giver] -= 1;
            self.loads[taker] += 1;
            self.owners
                .get_mut(&topic)
                .expect("the topics are those of the owners")[index] = Some(taker);
            any = true;
            if givers.remove(&(fewest, taker)) {
                givers.insert((fewest + 1, taker));
            }
        }
        any
    }

    fn targets(self) -> BTreeMap<Arc<str>, Partitions> {
        let mut targets: Vec<Partitions> = vec![Partitions::new(); self.members.len()];
        for (topic, owners) in self.owners {
            for (index, owner) in owners.into_iter().enumerate() {
                let owner = owner.expect("what was free is assigned first");
                let index = i32::try_from(index).expect("partitions are counted in i32");
                let target = targets[owner].entry(topic).or_default();
                target.insert(PartitionIndex(index));
            }
        }
        let ids = self.members.into_iter().map(|(id, _)| Arc::clone(id));
        ids.zip(targets).collect()
    }
}
