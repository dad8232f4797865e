//! What classic members that are consumers tell each other, as far as the coordinator speaks it for them.

use std::collections::BTreeSet;

use bytes::Bytes;
use ottla_model::TopicId;
use ottla_wire::codec::{DecodeError, Reader};
use ottla_wire::consumer_protocol::{
    AssignedPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use ottla_wire::{Message, Str, version_prefix};

use super::membership::OwnedPartitions;
use super::{Partitions, TopicsView};
use crate::vote::elected;

/// The protocol type of groups of consumers.
pub(super) const PROTOCOL_TYPE: &str = "consumer";

pub(super) fn subscription(
    metadata: &[u8],
) -> Result<ConsumerProtocolSubscription<'_>, DecodeError> {
    version_prefix::decode_at_most_newest(metadata)
}

/// What it says that it has, of topics that exist.
pub(super) fn owned(
    subscription: &ConsumerProtocolSubscription<'_>,
    topics: &dyn TopicsView,
) -> Vec<OwnedPartitions> {
    let owned = subscription.owned_partitions.iter();
    owned
        .filter_map(|owned| Some((topics.id(&owned.topic)?, owned.partitions.clone())))
        .collect()
}

/// Why what a leader has assigned cannot be taken over.
pub(super) enum Untranslatable {
    Malformed,
    /// Data of an assignor's own, which would be lost.
    UserData,
}

/// What a leader has assigned, of topics that exist.
pub(super) fn partitions(
    assignment: &[u8],
    topics: &dyn TopicsView,
) -> Result<Partitions, Untranslatable> {
    if assignment.is_empty() {
        return Ok(Partitions::new());
    }
    let assignment: ConsumerProtocolAssignment<'_> =
        version_prefix::decode_at_most_newest(assignment).map_err(|_| Untranslatable::Malformed)?;
    if assignment.user_data.is_some_and(|data| !data.is_empty()) {
        return Err(Untranslatable::UserData);
    }
    let mut partitions = Partitions::new();
    for assigned in &assignment.assigned_partitions {
        if let Some(id) = topics.id(&assigned.topic)
            && !assigned.partitions.is_empty()
        {
            partitions.insert(id, assigned.partitions.iter().copied().collect());
        }
    }
    Ok(partitions)
}

/// An assignment in the version in which its member has written `metadata`.
pub(super) fn assignment<'a, P>(
    partitions: impl Iterator<Item = (&'a TopicId, P)>,
    metadata: &[u8],
    topics: &dyn TopicsView,
) -> Bytes
where
    P: IntoIterator<Item = &'a ottla_model::PartitionIndex>,
{
    let newest = *ConsumerProtocolAssignment::VALID.end();
    let version = Reader::new(metadata).i16().unwrap_or(newest);
    let assigned_partitions = partitions
        .filter_map(|(id, partitions)| {
            Some(AssignedPartitions {
                topic: Str::Borrowed(topics.name(*id)?),
                partitions: partitions.into_iter().copied().collect(),
            })
        })
        .collect();
    let assignment = ConsumerProtocolAssignment {
        assigned_partitions,
        ..Default::default()
    };
    version_prefix::encode(&assignment, version.clamp(0, newest))
}

/// The protocol that most members like best of what all know.
pub(super) fn vote<'a>(members: impl Iterator<Item = Vec<&'a str>> + Clone) -> Option<&'a str> {
    let sets = members.clone().map(BTreeSet::from_iter);
    let known =
        sets.reduce(|known, protocols| known.intersection(&protocols).copied().collect())?;
    elected(known.into_iter(), members)
}
