//! The epoch of the assignment that a share group is to reach.

use ottla_model::Timestamp;

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 12, versions = 0)]
pub struct ShareGroupTargetAssignmentMetadataKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 12, versions = 0, flexible = 0..)]
pub struct ShareGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    /// When it was computed; 0 if that is unknown.
    #[field(tag = 0, ignorable)]
    pub assignment_timestamp: Timestamp,
}
