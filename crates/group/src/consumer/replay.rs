//! A consumer group out of its records.
//!
//! A compacted log may have lost what later records replaced, and tombstones may be gone or come for what never was. So no record relies on
//! another one that came before: each sets or deletes its part, and what follows from the parts is kept with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_model::{Timestamp, TopicId};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::consumer_group_current_member_assignment::{
    self as current, ConsumerGroupCurrentMemberAssignmentValue,
};
use ottla_wire::coordinator_record::group::consumer_group_member_metadata::ConsumerGroupMemberMetadataValue;
use ottla_wire::{IntoOwned, Str};

use super::{Assignment, ConsumerGroup, Epoch, Member, MemberState, Partitions, ResolvedRegex};

impl ConsumerGroup {
    /// The id of the group that a record is about; `None` of one that is about no consumer group.
    #[must_use]
    pub fn group_id<'r>(record: &'r GroupRecord<'_>) -> Option<&'r str> {
        Some(match record {
            GroupRecord::ConsumerGroupMetadata(key, _) => &key.group_id,
            GroupRecord::ConsumerGroupPartitionMetadata(key, _) => &key.group_id,
            GroupRecord::ConsumerGroupMemberMetadata(key, _) => &key.group_id,
            GroupRecord::ConsumerGroupTargetAssignmentMetadata(key, _) => &key.group_id,
            GroupRecord::ConsumerGroupTargetAssignmentMember(key, _) => &key.group_id,
            GroupRecord::ConsumerGroupCurrentMemberAssignment(key, _) => &key.group_id,
            GroupRecord::ConsumerGroupRegularExpression(key, _) => &key.group_id,
            _ => return None,
        })
    }

    /// What `record` makes of `group`: the first record makes one, a tombstone of its metadata takes it away.
    /// A record that is about no consumer group changes nothing.
    pub fn replay(group: &mut Option<Self>, record: &GroupRecord<'_>) {
        let Some(id) = Self::group_id(record) else {
            return;
        };
        if is_tombstone(record) {
            if matches!(record, GroupRecord::ConsumerGroupMetadata(..)) {
                *group = None;
            } else if let Some(group) = group {
                group.apply(record);
            }
        } else {
            group.get_or_insert_with(|| Self::new(id)).apply(record);
        }
    }

    fn apply(&mut self, record: &GroupRecord<'_>) {
        match record {
            GroupRecord::ConsumerGroupMetadata(_, Some(value)) => {
                self.epoch = Epoch(value.epoch);
                self.metadata_hash = value.metadata_hash;
            }
            GroupRecord::ConsumerGroupPartitionMetadata(_, value) => {
                self.has_partition_metadata = value.is_some();
            }
            GroupRecord::ConsumerGroupMemberMetadata(key, Some(value)) => {
                let mut member = self.member_or_new(&key.member_id);
                describe(&mut member, value);
                self.insert(member);
            }
            GroupRecord::ConsumerGroupMemberMetadata(key, None) => self.remove(&key.member_id),
            GroupRecord::ConsumerGroupTargetAssignmentMetadata(_, value) => {
                (self.target_epoch, self.target_timestamp) =
                    value.as_ref().map_or((Epoch::NONE, Timestamp(0)), |value| {
                        (Epoch(value.assignment_epoch), value.assignment_timestamp)
                    });
            }
            GroupRecord::ConsumerGroupTargetAssignmentMember(key, Some(value)) => {
                let target: Partitions = value
                    .topic_partitions
                    .iter()
                    .map(|topic| (topic.topic_id, topic.partitions.iter().copied().collect()))
                    .collect();
                self.targets
                    .insert(Arc::from(&*key.member_id), Arc::new(target));
            }
            GroupRecord::ConsumerGroupTargetAssignmentMember(key, None) => {
                self.targets.remove(&*key.member_id);
            }
            GroupRecord::ConsumerGroupCurrentMemberAssignment(key, Some(value)) => {
                let mut member = self.member_or_new(&key.member_id);
                assign(&mut member, value);
                self.insert(member);
            }
            GroupRecord::ConsumerGroupCurrentMemberAssignment(key, None) => {
                if let Some(member) = self.members.get(&*key.member_id) {
                    let mut member = Member::clone(member);
                    member.epoch = Epoch::NONE;
                    member.previous_epoch = Epoch::NONE;
                    member.assigned = Arc::default();
                    member.pending_revocation = Arc::default();
                    self.insert(member);
                }
            }
            GroupRecord::ConsumerGroupRegularExpression(key, value) => {
                let resolved = value.as_ref().map(|value| ResolvedRegex {
                    topics: value
                        .topics
                        .iter()
                        .map(|topic| Arc::from(&**topic))
                        .collect(),
                    version: value.version,
                    timestamp: value.timestamp,
                });
                self.resolve(&key.regular_expression, resolved);
            }
            _ => {}
        }
    }
}

fn is_tombstone(record: &GroupRecord<'_>) -> bool {
    matches!(
        record,
        GroupRecord::ConsumerGroupMetadata(_, None)
            | GroupRecord::ConsumerGroupPartitionMetadata(_, None)
            | GroupRecord::ConsumerGroupMemberMetadata(_, None)
            | GroupRecord::ConsumerGroupTargetAssignmentMetadata(_, None)
            | GroupRecord::ConsumerGroupTargetAssignmentMember(_, None)
            | GroupRecord::ConsumerGroupCurrentMemberAssignment(_, None)
            | GroupRecord::ConsumerGroupRegularExpression(_, None)
    )
}

fn shared(text: &Option<Str<'_>>) -> Option<Arc<str>> {
    text.as_deref().map(Arc::from)
}

fn describe(member: &mut Member, value: &ConsumerGroupMemberMetadataValue<'_>) {
    member.instance_id = shared(&value.instance_id);
    member.rack_id = shared(&value.rack_id);
    member.client_id = Arc::from(&*value.client_id);
    member.client_host = Arc::from(&*value.client_host);
    member.rebalance_timeout_ms = value.rebalance_timeout_ms;
    let topics = value.subscribed_topic_names.iter();
    member.subscribed_topics = Arc::new(topics.map(|topic| Arc::from(&**topic)).collect());
    member.subscribed_regex = shared(&value.subscribed_topic_regex);
    member.server_assignor = shared(&value.server_assignor);
    member.classic = value
        .classic_member_metadata
        .as_ref()
        .map(|classic| Arc::new(classic.clone().into_owned()));
}

fn assign(member: &mut Member, value: &ConsumerGroupCurrentMemberAssignmentValue) {
    let epoch = Epoch(value.member_epoch);
    member.epoch = epoch;
    member.previous_epoch = Epoch(value.previous_member_epoch);
    member.state = MemberState::from_code(value.state);
    member.assigned = Arc::new(assignment(&value.assigned_partitions, epoch));
    member.pending_revocation = Arc::new(assignment(&value.partitions_pending_revocation, epoch));
}

/// Releases before 4.3 kept no epochs: what they assigned came at the latest in the member's epoch.
fn assignment(topics: &[current::TopicPartitions], member_epoch: Epoch) -> Assignment {
    let default = member_epoch.max(Epoch::JOIN);
    let topic = |topic: &current::TopicPartitions| {
        let partitions = topic.partitions.iter().copied();
        let partitions: BTreeMap<_, _> = match &topic.assignment_epochs {
            Some(epochs) if epochs.len() == topic.partitions.len() => partitions
                .zip(epochs.iter().map(|epoch| Epoch(*epoch)))
                .collect(),
            _ => partitions.map(|partition| (partition, default)).collect(),
        };
        (topic.topic_id, partitions)
    };
    topics.iter().map(topic).collect::<BTreeMap<TopicId, _>>()
}
