//! `CreatePartitions` (37): adds partitions to topics.

use ottla_model::{ErrorCode, NodeId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 37, versions = 0..=3, flexible = 2..)]
pub struct CreatePartitionsRequest<'a> {
    pub topics: Vec<CreatePartitionsTopic<'a>>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatePartitionsTopic<'a> {
    pub name: Str<'a>,
    pub count: i32,
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 37, versions = 0..=3, flexible = 2..)]
pub struct CreatePartitionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatePartitionsTopicResult<'a> {
    pub name: Str<'a>,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
}
