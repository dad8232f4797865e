//! The partitions that a member of a share group has.

use super::topic_partitions::TopicPartitions;
use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 14, versions = 0)]
pub struct ShareGroupCurrentMemberAssignmentKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 14, versions = 0, flexible = 0..)]
pub struct ShareGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
}
