//! The group as it is written down.

use bytes::Bytes;
use ottla_model::Timestamp;
use ottla_wire::Str;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata,
};

use super::group::ClassicGroup;
use super::member::Member;
use crate::owned::owned;

/// The version in which the value is written, as Kafka 4.3 does.
pub const GROUP_METADATA_VERSION: i16 = 3;

impl ClassicGroup {
    /// The group with the part that each of its members has.
    #[must_use]
    pub fn assigned_record(&self) -> GroupRecord<'static> {
        self.record(|_, member| member.assignment.clone())
    }

    /// The group before its first member, whatever is about to become of it.
    pub(super) fn creation_record(&self) -> GroupRecord<'static> {
        let value = GroupMetadataValue {
            protocol_type: Str::Borrowed(""),
            generation: 0,
            protocol: None,
            leader: None,
            current_state_timestamp: self.since.unwrap_or(Timestamp::NONE),
            members: Vec::new(),
        };
        GroupRecord::GroupMetadata(self.key(), Some(value))
    }

    /// The group as it is to be when each member has the `part` that is given for it.
    pub(super) fn record(&self, part: impl Fn(&str, &Member) -> Bytes) -> GroupRecord<'static> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.iter();
        let value = GroupMetadataValue {
            protocol_type: owned(self.protocol_type().unwrap_or_default()),
            generation: self.generation,
            protocol: self.protocol.as_deref().map(owned),
            leader: self.members.leader().map(|leader| owned(leader)),
            current_state_timestamp: self.since.unwrap_or(Timestamp::NONE),
            members: members
                .map(|(id, member)| MemberMetadata {
                    member_id: owned(id),
                    group_instance_id: member.instance_id.as_deref().map(owned),
                    client_id: owned(&member.client_id),
                    client_host: owned(&member.client_host),
                    rebalance_timeout: member.terms.rebalance_timeout_ms,
                    session_timeout: member.terms.session_timeout_ms,
                    subscription: member.terms.metadata(protocol).to_vec().into(),
                    assignment: part(id, member).to_vec().into(),
                })
                .collect(),
        };
        GroupRecord::GroupMetadata(self.key(), Some(value))
    }

    fn key(&self) -> GroupMetadataKey<'static> {
        GroupMetadataKey {
            group: owned(&self.id),
        }
    }
}
