//! The tasks that a member of a streams group is to have in the end.

use ottla_model::PartitionIndex;

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 21, versions = 0)]
pub struct StreamsGroupTargetAssignmentMemberKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 21, versions = 0, flexible = 0..)]
pub struct StreamsGroupTargetAssignmentMemberValue<'a> {
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TaskIds<'a> {
    pub subtopology_id: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
