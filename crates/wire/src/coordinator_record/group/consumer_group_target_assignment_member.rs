//! The partitions that a member of a consumer group is to have in the end.

use super::topic_partitions::TopicPartitions;
use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 7, versions = 0)]
pub struct ConsumerGroupTargetAssignmentMemberKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 7, versions = 0, flexible = 0..)]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    pub topic_partitions: Vec<TopicPartitions>,
}
