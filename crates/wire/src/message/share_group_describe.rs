//! `ShareGroupDescribe` (77): tells the state of share groups.

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 77, versions = 1, flexible = 0..)]
pub struct ShareGroupDescribeRequest<'a> {
    pub group_ids: Vec<Str<'a>>,
    pub include_authorized_operations: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 77, versions = 1, flexible = 0..)]
pub struct ShareGroupDescribeResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
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

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Member<'a> {
    pub member_id: Str<'a>,
    #[field(default = None)]
    pub rack_id: Option<Str<'a>>,
    pub member_epoch: i32,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    pub subscribed_topic_names: Vec<Str<'a>>,
    pub assignment: Assignment<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Assignment<'a> {
    pub topic_partitions: Vec<TopicPartitions<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicPartitions<'a> {
    pub topic_id: TopicId,
    pub topic_name: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
