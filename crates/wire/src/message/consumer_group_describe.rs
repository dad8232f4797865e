//! `ConsumerGroupDescribe` (69): tells the state of consumer groups.

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(request = 69, versions = 0..=1, flexible = 0..)]
pub struct ConsumerGroupDescribeRequest<'a> {
    pub group_ids: Vec<Str<'a>>,
    pub include_authorized_operations: bool,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(response = 69, versions = 0..=1, flexible = 0..)]
pub struct ConsumerGroupDescribeResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub group_id: Str<'a>,
    pub group_state: Str<'a>,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub assignor_name: Str<'a>,
    pub members: Vec<Member<'a>>,
    #[field(default = i32::MIN)]
    pub authorized_operations: i32,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Member<'a> {
    pub member_id: Str<'a>,
    #[field(default = None)]
    pub instance_id: Option<Str<'a>>,
    #[field(default = None)]
    pub rack_id: Option<Str<'a>>,
    pub member_epoch: i32,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    pub subscribed_topic_names: Vec<Str<'a>>,
    #[field(default = None)]
    pub subscribed_topic_regex: Option<Str<'a>>,
    pub assignment: Assignment<'a>,
    pub target_assignment: Assignment<'a>,
    /// KIP-1099.
    #[field(versions = 1.., default = -1, ignorable)]
    pub member_type: i8,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Assignment<'a> {
    pub topic_partitions: Vec<TopicPartitions<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicPartitions<'a> {
    pub topic_id: TopicId,
    pub topic_name: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
