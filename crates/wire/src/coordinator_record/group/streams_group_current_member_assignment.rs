//! The tasks that a member of a streams group has, on its way to its target.

use ottla_model::PartitionIndex;

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 22, versions = 0)]
pub struct StreamsGroupCurrentMemberAssignmentKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 22, versions = 0, flexible = 0..)]
pub struct StreamsGroupCurrentMemberAssignmentValue<'a> {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
    pub active_tasks_pending_revocation: Vec<TaskIds<'a>>,
    pub standby_tasks_pending_revocation: Vec<TaskIds<'a>>,
    pub warmup_tasks_pending_revocation: Vec<TaskIds<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TaskIds<'a> {
    pub subtopology_id: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
    /// One for each of the partitions: that of the member when it got it. Empty from releases that did not keep them.
    #[field(tag = 0)]
    pub assignment_epochs: Option<Vec<i32>>,
}
