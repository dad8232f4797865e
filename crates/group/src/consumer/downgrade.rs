//! A consumer group becomes a classic one when its last member is gone that speaks this protocol.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::consumer_group_member_metadata::ClassicMemberMetadata;
use ottla_wire::coordinator_record::group::group_metadata::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata,
};

use super::embedded_protocol;
use super::records::Record;
use super::{ConsumerGroup, Context, Member};

/// A member of the classic group, and whose target it takes over: its own, or that of the one in whose place it came.
type Remaining<'a> = (&'a Member, &'a ClassicMemberMetadata<'static>, &'a str);

impl ConsumerGroup {
    /// `None` if the group stays what it is without these members.
    pub(super) fn downgrade_without(
        &self,
        gone: &BTreeSet<Arc<str>>,
        context: &Context<'_>,
    ) -> Option<(Vec<Record>, GroupMetadataValue<'static>)> {
        let left = self.members().filter(|member| !gone.contains(&member.id));
        let left: Vec<Remaining<'_>> = left
            .map(|member| Some((&**member, member.classic.as_deref()?, &*member.id)))
            .collect::<Option<_>>()?;
        if left.is_empty() || !may_downgrade(left.len(), context) {
            return None;
        }
        let mut records = self.tombstones();
        let group = self.classic_group(&left, context);
        records.push(self.classic_record(&group));
        Some((records, group))
    }

    /// Whether a classic member may take the place of `replaced` and with it end this group.
    pub(super) fn downgrades_without(&self, replaced: &Member, context: &Context<'_>) -> bool {
        !replaced.is_classic()
            && self.classic_members + 1 == self.members.len()
            && may_downgrade(self.members.len(), context)
    }

    /// The same where `joining` has taken the place of the member `replaced`, by records of the same step.
    pub(super) fn downgrade_with(
        &self,
        joining: &Member,
        replaced: &Arc<str>,
        context: &Context<'_>,
    ) -> (Vec<Record>, GroupMetadataValue<'static>) {
        let others = self.members().filter(|member| member.id != *replaced);
        let others: Vec<&Member> = others.map(|member| &**member).collect();
        let mut ids: Vec<&Arc<str>> = others.iter().map(|member| &member.id).collect();
        ids.push(&joining.id);
        let mut records = self.tombstones_of(&ids);
        let others = others.into_iter().map(|member| (member, &*member.id));
        let left: Vec<Remaining<'_>> = others
            .chain([(joining, &**replaced)])
            .filter_map(|(member, target)| Some((member, member.classic.as_deref()?, target)))
            .collect();
        let group = self.classic_group(&left, context);
        records.push(self.classic_record(&group));
        (records, group)
    }

    /// Of the group's generation, in which each has its target. It has no leader: none of its members was told that it leads, and with it that it is to
    /// watch the topics, so that they are called together, be it by a later coordinator.
    fn classic_group(
        &self,
        members: &[Remaining<'_>],
        context: &Context<'_>,
    ) -> GroupMetadataValue<'static> {
        let protocols = members.iter().map(|(_, classic, _)| {
            let protocols = classic.supported_protocols.iter();
            protocols.map(|protocol| &*protocol.name).collect()
        });
        let protocol = embedded_protocol::vote(protocols).unwrap_or_default();
        let member = |(member, classic, target): &Remaining<'_>| {
            let mut protocols = classic.supported_protocols.iter();
            let metadata = protocols.find(|known| known.name == protocol);
            let metadata = metadata.map_or(&[][..], |known| &known.metadata[..]);
            let target = self.target(target);
            let assignment = embedded_protocol::assignment(target.iter(), metadata, context.topics);
            MemberMetadata {
                member_id: member.id.to_string().into(),
                group_instance_id: member.instance_id.as_ref().map(|id| id.to_string().into()),
                client_id: member.client_id.to_string().into(),
                client_host: member.client_host.to_string().into(),
                rebalance_timeout: member.rebalance_timeout_ms,
                session_timeout: classic.session_timeout_ms,
                subscription: metadata.to_vec().into(),
                assignment: assignment.to_vec().into(),
            }
        };
        GroupMetadataValue {
            protocol_type: embedded_protocol::PROTOCOL_TYPE.into(),
            generation: self.epoch.0,
            protocol: Some(protocol.to_owned().into()),
            leader: None,
            current_state_timestamp: context.wall_clock,
            members: members.iter().map(member).collect(),
        }
    }

    fn classic_record(&self, group: &GroupMetadataValue<'static>) -> Record {
        let key = GroupMetadataKey {
            group: self.id.to_string().into(),
        };
        GroupRecord::GroupMetadata(key, Some(group.clone()))
    }
}

fn may_downgrade(members: usize, context: &Context<'_>) -> bool {
    context.settings.migration.may_downgrade() && members <= context.settings.classic_max_size
}
