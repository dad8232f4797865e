//! ListGroups, DescribeGroups and DeleteGroups.

use std::sync::Arc;

use ottla_coordinator::Now;
use ottla_model::ErrorCode;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataKey;
use ottla_wire::message::describe_groups::DescribedGroup;
use ottla_wire::message::list_groups::ListedGroup;

use crate::classic::{ClassicGroup, State as ClassicState};
use crate::kind::Kind;
use crate::offsets;
use crate::state::State;

/// Which groups a client wants to see; an empty list is no limit. Kafka does not look at the case of the names.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    pub states: Vec<String>,
    pub types: Vec<String>,
}

impl GroupFilter {
    pub(crate) fn shows(&self, group: &ListedGroup<'_>) -> bool {
        let is_in = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        is_in(&self.states, &group.group_state) && is_in(&self.types, &group.group_type)
    }
}

/// `None` for a group that is not there.
pub(crate) fn listed(id: &Arc<str>, group: &Kind<'_>, now: Now) -> Option<ListedGroup<'static>> {
    match group {
        Kind::Absent => None,
        // It looks like one that nobody has joined yet.
        Kind::Simple => Some(ClassicGroup::new(Arc::clone(id), now).listed()),
        Kind::Classic(group) => Some(group.listed()),
    }
}

/// What DescribeGroups tells of a group, in its code where that is none.
pub(crate) fn described(id: &Arc<str>, group: &Kind<'_>, now: Now) -> DescribedGroup<'static> {
    match group {
        Kind::Absent => DescribedGroup {
            error_code: ErrorCode::GroupIdNotFound,
            error_message: Some(format!("Group {id} not found.").into()),
            group_id: id.to_string().into(),
            group_state: ClassicState::Dead.name().into(),
            ..Default::default()
        },
        Kind::Simple => ClassicGroup::new(Arc::clone(id), now).described(),
        Kind::Classic(group) => group.described(),
    }
}

/// The records by which a group ends, with what is left of its offsets.
///
/// # Errors
/// Why it may not end.
pub(crate) fn delete(
    state: &State,
    (id, group): (&str, &Kind<'_>),
    records: &mut Vec<GroupRecord<'static>>,
) -> Result<(), ErrorCode> {
    group.validate_delete()?;
    offsets::all_of_group(&state.offsets, id, records);
    records.push(tombstone(id));
    Ok(())
}

/// The record that takes a group back whose members, if there were any, were those of a classic one.
pub(crate) fn tombstone(id: &str) -> GroupRecord<'static> {
    let group = id.to_owned().into();
    GroupRecord::GroupMetadata(GroupMetadataKey { group }, None)
}
