//! The records that make a consumer group.

use std::sync::Arc;

use ottla_model::{PartitionIndex, Timestamp, TopicId};
use ottla_wire::Str;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::consumer_group_current_member_assignment::{
    self as current, ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
};
use ottla_wire::coordinator_record::group::consumer_group_member_metadata::{
    ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue,
};
use ottla_wire::coordinator_record::group::consumer_group_metadata::{
    ConsumerGroupMetadataKey, ConsumerGroupMetadataValue,
};
use ottla_wire::coordinator_record::group::consumer_group_partition_metadata::ConsumerGroupPartitionMetadataKey;
use ottla_wire::coordinator_record::group::consumer_group_regular_expression::{
    ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue,
};
use ottla_wire::coordinator_record::group::consumer_group_target_assignment_member::{
    ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue,
};
use ottla_wire::coordinator_record::group::consumer_group_target_assignment_metadata::{
    ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue,
};
use ottla_wire::coordinator_record::group::topic_partitions::TopicPartitions;

use super::{Assignment, ConsumerGroup, Epoch, Member, Partitions, ResolvedRegex};
use crate::owned::owned;

pub(super) type Record = GroupRecord<'static>;

fn owned_option(text: &Option<Arc<str>>) -> Option<Str<'static>> {
    text.as_deref().map(owned)
}

impl ConsumerGroup {
    fn key(&self) -> Str<'static> {
        owned(&self.id)
    }

    pub(super) fn epoch_record(&self, epoch: Epoch, metadata_hash: i64) -> Record {
        GroupRecord::ConsumerGroupMetadata(
            ConsumerGroupMetadataKey {
                group_id: self.key(),
            },
            Some(ConsumerGroupMetadataValue {
                epoch: epoch.0,
                metadata_hash,
            }),
        )
    }

    pub(super) fn partition_metadata_tombstone(&self) -> Record {
        GroupRecord::ConsumerGroupPartitionMetadata(
            ConsumerGroupPartitionMetadataKey {
                group_id: self.key(),
            },
            None,
        )
    }

    /// What `member` told of itself.
    pub(super) fn member_record(&self, member: &Member) -> Record {
        self.member_metadata(
            &member.id,
            Some(ConsumerGroupMemberMetadataValue {
                instance_id: owned_option(&member.instance_id),
                rack_id: owned_option(&member.rack_id),
                client_id: owned(&member.client_id),
                client_host: owned(&member.client_host),
                subscribed_topic_names: member.subscribed_topics.iter().map(|t| owned(t)).collect(),
                subscribed_topic_regex: owned_option(&member.subscribed_regex),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                server_assignor: owned_option(&member.server_assignor),
                classic_member_metadata: member.classic.as_deref().cloned(),
            }),
        )
    }

    fn member_metadata(
        &self,
        member_id: &str,
        value: Option<ConsumerGroupMemberMetadataValue<'static>>,
    ) -> Record {
        GroupRecord::ConsumerGroupMemberMetadata(
            ConsumerGroupMemberMetadataKey {
                group_id: self.key(),
                member_id: owned(member_id),
            },
            value,
        )
    }

    pub(super) fn target_epoch_record(&self, epoch: Epoch, computed: Timestamp) -> Record {
        self.target_metadata(Some(ConsumerGroupTargetAssignmentMetadataValue {
            assignment_epoch: epoch.0,
            assignment_timestamp: computed,
        }))
    }

    fn target_metadata(&self, value: Option<ConsumerGroupTargetAssignmentMetadataValue>) -> Record {
        GroupRecord::ConsumerGroupTargetAssignmentMetadata(
            ConsumerGroupTargetAssignmentMetadataKey {
                group_id: self.key(),
            },
            value,
        )
    }

    pub(super) fn target_record(&self, member_id: &str, target: &Partitions) -> Record {
        self.target_member(
            member_id,
            Some(ConsumerGroupTargetAssignmentMemberValue {
                topic_partitions: target
                    .iter()
                    .map(|(topic_id, partitions)| TopicPartitions {
                        topic_id: *topic_id,
                        partitions: partitions.iter().copied().collect(),
                    })
                    .collect(),
            }),
        )
    }

    fn target_member(
        &self,
        member_id: &str,
        value: Option<ConsumerGroupTargetAssignmentMemberValue>,
    ) -> Record {
        GroupRecord::ConsumerGroupTargetAssignmentMember(
            ConsumerGroupTargetAssignmentMemberKey {
                group_id: self.key(),
                member_id: owned(member_id),
            },
            value,
        )
    }

    /// What `member` has.
    pub(super) fn assignment_record(&self, member: &Member) -> Record {
        self.current_assignment(
            &member.id,
            Some(ConsumerGroupCurrentMemberAssignmentValue {
                member_epoch: member.epoch.0,
                previous_member_epoch: member.previous_epoch.0,
                state: member.state.code(),
                assigned_partitions: epoched(&member.assigned),
                partitions_pending_revocation: epoched(&member.pending_revocation),
            }),
        )
    }

    fn current_assignment(
        &self,
        member_id: &str,
        value: Option<ConsumerGroupCurrentMemberAssignmentValue>,
    ) -> Record {
        GroupRecord::ConsumerGroupCurrentMemberAssignment(
            ConsumerGroupCurrentMemberAssignmentKey {
                group_id: self.key(),
                member_id: owned(member_id),
            },
            value,
        )
    }

    pub(super) fn regex_record(&self, regex: &str, resolved: Option<&ResolvedRegex>) -> Record {
        GroupRecord::ConsumerGroupRegularExpression(
            ConsumerGroupRegularExpressionKey {
                group_id: self.key(),
                regular_expression: owned(regex),
            },
            resolved.map(|resolved| ConsumerGroupRegularExpressionValue {
                topics: resolved.topics.iter().map(|topic| owned(topic)).collect(),
                version: resolved.version,
                timestamp: resolved.timestamp,
            }),
        )
    }

    /// Takes a member out. The order is the one that every release can replay.
    pub(super) fn removal_records(&self, member_id: &str) -> [Record; 3] {
        [
            self.current_assignment(member_id, None),
            self.target_member(member_id, None),
            self.member_metadata(member_id, None),
        ]
    }

    /// Deletes the group. The order is the one that every release can replay.
    #[must_use]
    pub fn tombstones(&self) -> Vec<GroupRecord<'static>> {
        let ids: Vec<&Arc<str>> = self.members.keys().collect();
        self.tombstones_of(&ids)
    }

    /// The same, where records of the same batch have already put other members in the place of some.
    pub(super) fn tombstones_of(&self, member_ids: &[&Arc<str>]) -> Vec<Record> {
        let mut records = Vec::new();
        records.extend(
            member_ids
                .iter()
                .map(|id| self.current_assignment(id, None)),
        );
        records.extend(member_ids.iter().map(|id| self.target_member(id, None)));
        records.push(self.target_metadata(None));
        records.extend(member_ids.iter().map(|id| self.member_metadata(id, None)));
        records.extend(
            self.resolved_regexes
                .keys()
                .map(|regex| self.regex_record(regex, None)),
        );
        records.push(self.partition_metadata_tombstone());
        records.push(GroupRecord::ConsumerGroupMetadata(
            ConsumerGroupMetadataKey {
                group_id: self.key(),
            },
            None,
        ));
        records
    }
}

fn epoched(assignment: &Assignment) -> Vec<current::TopicPartitions> {
    let topic =
        |(topic_id, partitions): (&TopicId, &std::collections::BTreeMap<PartitionIndex, Epoch>)| {
            current::TopicPartitions {
                topic_id: *topic_id,
                partitions: partitions.keys().copied().collect(),
                assignment_epochs: Some(partitions.values().map(|epoch| epoch.0).collect()),
            }
        };
    assignment.iter().map(topic).collect()
}
