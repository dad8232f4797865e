//! Positions are taken back: because a client asks for it, or because their group or topic is deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_model::{ErrorCode, PartitionIndex};
use ottla_wire::coordinator_record::GroupRecord;

use super::Offsets;
use super::commit::tombstone;
use crate::deleted_topics::Deleted;
use crate::kind::Kind;

/// The positions that a client deletes.
#[derive(Clone, Debug)]
pub struct DeleteOffsets {
    pub group: Arc<str>,
    pub topics: Vec<(Arc<str>, Vec<PartitionIndex>)>,
}

/// Gives a code for each partition in the order of the request.
///
/// # Errors
/// The group's.
pub(crate) fn delete(
    offsets: &Offsets,
    group: &Kind<'_>,
    request: &DeleteOffsets,
    records: &mut Vec<GroupRecord<'static>>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    group.validate_offset_delete()?;
    let mut codes = Vec::new();
    for (topic, partitions) in &request.topics {
        if group.is_subscribed_to(topic) {
            codes.extend(partitions.iter().map(|_| ErrorCode::GroupSubscribedToTopic));
            continue;
        }
        for partition in partitions {
            codes.push(ErrorCode::None);
            let is_committed = offsets.get(&request.group, topic, *partition).is_some();
            if is_committed || offsets.is_pending(&request.group, topic, *partition) {
                records.push(tombstone(&request.group, topic, *partition));
            }
        }
    }
    Ok(codes)
}

/// Tombstones for everything that the group has.
pub(crate) fn all_of_group(
    offsets: &Offsets,
    group: &str,
    records: &mut Vec<GroupRecord<'static>>,
) {
    let mut positions = BTreeSet::new();
    let pending = offsets.pending_of(group);
    for topics in offsets.of_group(group).into_iter().chain(pending) {
        for (topic, partitions) in topics {
            positions.extend(partitions.keys().map(|partition| (topic, *partition)));
        }
    }
    let tombstones = positions.into_iter();
    records.extend(tombstones.map(|(topic, partition)| tombstone(group, topic, partition)));
}

/// Tombstones for what any group has of the topics, at most `most` of them.
pub(crate) fn of_topics(
    offsets: &Offsets,
    deleted: &Deleted,
    most: usize,
) -> Vec<GroupRecord<'static>> {
    let mut positions = BTreeSet::new();
    let pending = offsets.pending.values().flatten();
    for (group, topics) in offsets.by_group.iter().chain(pending) {
        for (topic, commits) in deleted {
            let partitions = topics.get(topic).into_iter().flatten();
            let partitions = partitions.filter(|(_, offset)| offset.order <= *commits);
            positions.extend(partitions.map(|(partition, _)| (group, topic, *partition)));
        }
    }
    let positions = positions.into_iter().take(most);
    positions
        .map(|(group, topic, partition)| tombstone(group, topic, partition))
        .collect()
}
