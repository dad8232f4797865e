//! The partitions that a member of a consumer group has, on its way to its target.

use ottla_model::{PartitionIndex, TopicId};

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 8, versions = 0)]
pub struct ConsumerGroupCurrentMemberAssignmentKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 8, versions = 0, flexible = 0..)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    pub partitions_pending_revocation: Vec<TopicPartitions>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicPartitions {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionIndex>,
    /// One for each of the partitions: that of the member when it got it. Empty from releases that did not keep them.
    #[field(tag = 0)]
    pub assignment_epochs: Option<Vec<i32>>,
}
