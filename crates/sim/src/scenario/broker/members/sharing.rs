//! What members of a classic group tell each other: who subscribes to what, and who gets what.

use std::collections::BTreeMap;

use ottla_model::PartitionIndex;
use ottla_wire::consumer_protocol::{
    AssignedPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription, OwnedPartitions,
};
use ottla_wire::message::join_group::JoinGroupResponseMember;
use ottla_wire::message::sync_group::SyncGroupRequestAssignment;
use ottla_wire::version_prefix;

use super::super::connection::Trouble;
use super::super::ledger::Place;
use super::Plan;

/// Knows partitions that are owned, and the generation in which they are.
const SUBSCRIPTION_VERSION: i16 = 3;

/// A topic's name and one of its partitions.
type Part = (String, i32);

/// What a member says of itself.
pub(super) fn subscription<'a>(
    plan: &Plan,
    owned: impl Iterator<Item = &'a Place>,
    generation: i32,
) -> Vec<u8> {
    let mut partitions: BTreeMap<&str, Vec<PartitionIndex>> = BTreeMap::new();
    for place in owned {
        let mut topics = plan.topics.iter();
        if let Some((name, _)) = topics.find(|(_, id)| **id == place.topic) {
            let of_topic = partitions.entry(name).or_default();
            of_topic.push(PartitionIndex(place.partition));
        }
    }
    let subscription = ConsumerProtocolSubscription {
        topics: plan.topics.keys().map(|name| (&**name).into()).collect(),
        owned_partitions: partitions
            .into_iter()
            .map(|(topic, partitions)| OwnedPartitions {
                topic: topic.into(),
                partitions,
            })
            .collect(),
        generation_id: generation,
        ..Default::default()
    };
    version_prefix::encode(&subscription, SUBSCRIPTION_VERSION).to_vec()
}

/// Shares topics of so many partitions among the members of a generation: of each topic everybody gets as many that follow each other. In a
/// cooperative group nobody is given what somebody else still has.
pub(super) fn share(
    members: &[JoinGroupResponseMember<'_>],
    counts: &BTreeMap<String, usize>,
    is_cooperative: bool,
) -> Result<Vec<SyncGroupRequestAssignment<'static>>, Trouble> {
    let mut owners: BTreeMap<Part, &str> = BTreeMap::new();
    let mut names: Vec<(&str, &str)> = Vec::new();
    for member in members {
        let subscription: ConsumerProtocolSubscription<'_> =
            version_prefix::decode(&member.metadata)?;
        for owned in &subscription.owned_partitions {
            for partition in owned.partitions.iter().filter(|_| is_cooperative) {
                owners.insert((owned.topic.to_string(), partition.0), &member.member_id);
            }
        }
        let name = member.group_instance_id.as_deref();
        names.push((name.unwrap_or(&member.member_id), &member.member_id));
    }
    names.sort_unstable();
    let assigned = names.iter().enumerate().map(|(at, (_, id))| {
        let topics = counts.iter().map(|(topic, count)| {
            let part = at * count / names.len()..(at + 1) * count / names.len();
            let partitions = part.map(|partition| partition as i32);
            let is_free = |partition: &i32| {
                let owner = owners.get(&(topic.clone(), *partition));
                owner.is_none_or(|owner| owner == id)
            };
            AssignedPartitions {
                topic: topic.clone().into(),
                partitions: partitions.filter(is_free).map(PartitionIndex).collect(),
            }
        });
        let assignment = ConsumerProtocolAssignment {
            assigned_partitions: topics.collect(),
            user_data: None,
        };
        let assignment = version_prefix::encode(&assignment, SUBSCRIPTION_VERSION);
        SyncGroupRequestAssignment {
            member_id: (*id).to_owned().into(),
            assignment: assignment.to_vec().into(),
        }
    });
    Ok(assigned.collect())
}

/// What a member gets.
pub(super) fn assigned(plan: &Plan, assignment: &[u8]) -> Result<Vec<Place>, Trouble> {
    if assignment.is_empty() {
        return Ok(Vec::new());
    }
    let assignment: ConsumerProtocolAssignment<'_> = version_prefix::decode(assignment)?;
    let mut places = Vec::new();
    for assigned in &assignment.assigned_partitions {
        let topic = plan.topics.get(&*assigned.topic);
        let topic = *topic.ok_or_else(|| {
            Trouble::Wrong(format!(
                "{} is assigned, to which nobody subscribes",
                assigned.topic
            ))
        })?;
        let partitions = assigned.partitions.iter();
        places.extend(partitions.map(|partition| Place {
            topic,
            partition: partition.0,
        }));
    }
    Ok(places)
}
