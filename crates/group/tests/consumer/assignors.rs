use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_group::consumer::Partitions;
use ottla_group::consumer::assignor::{Assignor, Subscriber};
use ottla_model::{PartitionIndex, TopicId, Uuid};
use proptest::prelude::*;

type Members = BTreeMap<Arc<str>, Subscriber<'static>>;
type Targets = BTreeMap<Arc<str>, Partitions>;

fn topic(number: usize) -> TopicId {
    TopicId(Uuid::from_u128(number as u128 + 1))
}

/// Members with the numbers of their topics, and what they were to have before.
fn members(subscriptions: &[BTreeSet<usize>], before: &Targets) -> Members {
    let subscriber = |(number, topics): (usize, &BTreeSet<usize>)| {
        let id: Arc<str> = format!("m{number:02}").into();
        let target = before.get(&id).cloned().unwrap_or_default();
        let subscriber = Subscriber {
            instance_id: None,
            topics: Arc::new(topics.iter().map(|number| topic(*number)).collect()),
            target: Arc::new(target),
        };
        (id, subscriber)
    };
    subscriptions.iter().enumerate().map(subscriber).collect()
}

fn counts(partitions: &[i32]) -> BTreeMap<TopicId, i32> {
    let counts = partitions.iter().enumerate();
    counts
        .map(|(number, count)| (topic(number), *count))
        .collect()
}

fn load(target: &Partitions) -> usize {
    target.values().map(BTreeSet::len).sum()
}

/// Each partition of each topic that somebody subscribes to stands with one of its subscribers, and nothing else stands anywhere.
fn assert_complete(members: &Members, counts: &BTreeMap<TopicId, i32>, targets: &Targets) {
    let mut owners: BTreeMap<(TopicId, PartitionIndex), &Arc<str>> = BTreeMap::new();
    for (id, target) in targets {
        for (topic, partitions) in target {
            assert!(members[id].topics.contains(topic));
            for partition in partitions {
                assert_eq!(owners.insert((*topic, *partition), id), None);
            }
        }
    }
    let subscribed: BTreeSet<TopicId> = members
        .values()
        .flat_map(|member| member.topics.iter().copied())
        .collect();
    let all: i32 = subscribed.iter().map(|topic| counts[topic]).sum();
    assert_eq!(owners.len(), usize::try_from(all).unwrap());
}

/// No partition could go to a subscriber with two fewer.
fn assert_balanced(members: &Members, targets: &Targets) {
    for target in targets.values() {
        for topic in target.keys() {
            for (other, member) in members {
                if member.topics.contains(topic) {
                    assert!(load(target) <= load(&targets[other]) + 1);
                }
            }
        }
    }
}

fn moved(before: &Targets, after: &Targets) -> usize {
    let pairs = |targets: &Targets| -> BTreeSet<(Arc<str>, TopicId, PartitionIndex)> {
        let mut pairs = BTreeSet::new();
        for (id, target) in targets {
            for (topic, partitions) in target {
                pairs.extend(partitions.iter().map(|p| (Arc::clone(id), *topic, *p)));
            }
        }
        pairs
    };
    pairs(after).difference(&pairs(before)).count()
}

fn subscriptions() -> impl Strategy<Value = (Vec<i32>, Vec<BTreeSet<usize>>)> {
    (1usize..5).prop_flat_map(|topics| {
        let topic_sets = proptest::collection::btree_set(0..topics, 0..=topics);
        (
            proptest::collection::vec(1i32..20, topics),
            proptest::collection::vec(topic_sets, 1..9),
        )
    })
}

proptest! {
    #[test]
    fn uniform_is_complete_balanced_and_moves_nothing_without_need(
        (partitions, first) in subscriptions(),
        gone in 0usize..9,
    ) {
        let counts = counts(&partitions);
        let before = members(&first, &Targets::new());
        let targets = Assignor::Uniform.assign(&before, &counts);
        assert_complete(&before, &counts, &targets);
        assert_balanced(&before, &targets);

        let again = members(&first, &targets);
        assert_eq!(Assignor::Uniform.assign(&again, &counts), targets);

        let mut left = again;
        let gone: Arc<str> = format!("m{gone:02}").into();
        left.remove(&gone);
        let targets = Assignor::Uniform.assign(&left, &counts);
        assert_complete(&left, &counts, &targets);
        assert_balanced(&left, &targets);
    }

    #[test]
    fn of_members_alike_uniform_moves_only_what_balance_takes(
        partitions in proptest::collection::vec(1i32..20, 1..4),
        size in 1usize..9,
    ) {
        let counts = counts(&partitions);
        let all: BTreeSet<usize> = (0..partitions.len()).collect();
        let targets = Assignor::Uniform.assign(&members(&vec![all.clone(); size], &Targets::new()), &counts);
        let joined = members(&vec![all; size + 1], &targets);
        let after = Assignor::Uniform.assign(&joined, &counts);
        assert_complete(&joined, &counts, &after);
        let newest: Arc<str> = format!("m{size:02}").into();
        assert_eq!(moved(&targets, &after), load(&after[&newest]));
    }

    #[test]
    fn range_is_complete_and_gives_each_a_piece_of_each_topic(
        (partitions, subscriptions) in subscriptions(),
    ) {
        let counts = counts(&partitions);
        let members = members(&subscriptions, &Targets::new());
        let targets = Assignor::Range.assign(&members, &counts);
        assert_complete(&members, &counts, &targets);
        for (topic, count) in &counts {
            let subscribers: Vec<_> = members.iter().filter(|(_, m)| m.topics.contains(topic)).collect();
            let mut next = 0;
            for (number, (id, _)) in subscribers.iter().enumerate() {
                let size = *count as usize / subscribers.len() + usize::from(number < *count as usize % subscribers.len());
                let range: BTreeSet<_> = (next..next + size as i32).map(PartitionIndex).collect();
                assert_eq!(targets[*id].get(topic).cloned().unwrap_or_default(), range);
                next += size as i32;
            }
        }
    }
}

#[test]
fn range_gives_static_members_their_place_by_instance() {
    let counts = counts(&[4]);
    let mut two = members(&[BTreeSet::from([0]), BTreeSet::from([0])], &Targets::new());
    two.get_mut("m01").unwrap().instance_id = Some("i");
    let targets = Assignor::Range.assign(&two, &counts);
    assert!(targets["m01"][&topic(0)].contains(&PartitionIndex(0)));
}
