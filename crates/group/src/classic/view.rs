//! The group as administrators see it.

use bytes::Bytes;
use ottla_wire::Str;
use ottla_wire::message::describe_groups::{DescribedGroup, DescribedGroupMember};
use ottla_wire::message::list_groups::ListedGroup;

use super::group::ClassicGroup;
use super::phase::Phase;
use crate::owned::owned;

/// The type of a classic group, as Kafka's tools show it.
const GROUP_TYPE: &str = "classic";

impl ClassicGroup {
    /// With the metadata of its members only while they follow the protocol that it is of.
    #[must_use]
    pub fn described(&self) -> DescribedGroup<'static> {
        let protocol = match self.phase {
            Phase::Stable(_) => self.protocol.as_deref(),
            Phase::Empty | Phase::Preparing(_) | Phase::Completing(_) => None,
        };
        let members = self.members.iter();
        DescribedGroup {
            group_id: owned(&self.id),
            group_state: Str::Borrowed(self.state().name()),
            protocol_type: owned(self.protocol_type().unwrap_or_default()),
            protocol_data: owned(protocol.unwrap_or_default()),
            members: members
                .map(|(id, member)| {
                    let metadata =
                        protocol.map_or_else(Bytes::new, |name| member.terms.metadata(name));
                    DescribedGroupMember {
                        member_id: owned(id),
                        group_instance_id: member.instance_id.as_deref().map(owned),
                        client_id: owned(&member.client_id),
                        client_host: owned(&member.client_host),
                        member_metadata: metadata.to_vec().into(),
                        member_assignment: member.assignment.to_vec().into(),
                    }
                })
                .collect(),
            ..Default::default()
        }
    }

    #[must_use]
    pub fn listed(&self) -> ListedGroup<'static> {
        ListedGroup {
            group_id: owned(&self.id),
            protocol_type: owned(self.protocol_type().unwrap_or_default()),
            group_state: Str::Borrowed(self.state().name()),
            group_type: Str::Borrowed(GROUP_TYPE),
        }
    }
}
