//! ListGroups and DeleteGroups.

use std::sync::Arc;

use ottla_model::ErrorCode;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataKey;

use crate::kind::Kind;
use crate::offsets;
use crate::state::State;

/// Which groups a client wants to see; an empty list is no limit. Kafka does not look at the case of the names.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    pub states: Vec<String>,
    pub types: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    pub id: Arc<str>,
    /// Empty where there are no members and have been none.
    pub protocol_type: Arc<str>,
    pub state: &'static str,
    /// `classic`, `consumer`.
    pub group_type: &'static str,
}

impl GroupFilter {
    pub(crate) fn shows(&self, group: &ListedGroup) -> bool {
        let is_in = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        is_in(&self.states, group.state) && is_in(&self.types, group.group_type)
    }
}

/// The records by which a group ends, with what is left of its offsets.
///
/// # Errors
/// Why it may not end.
pub(crate) fn delete(
    state: &State,
    (id, group): (&str, &Kind),
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
