//! `ListPartitionReassignments` (46): lists the moves of partitions under way.

use ottla_model::{ErrorCode, NodeId, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 46, versions = 0, flexible = 0..)]
pub struct ListPartitionReassignmentsRequest<'a> {
    #[field(default = 60000)]
    pub timeout_ms: i32,
    #[field(default = None)]
    pub topics: Option<Vec<ListPartitionReassignmentsTopics<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ListPartitionReassignmentsTopics<'a> {
    pub name: Str<'a>,
    pub partition_indexes: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 46, versions = 0, flexible = 0..)]
pub struct ListPartitionReassignmentsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub topics: Vec<OngoingTopicReassignment<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OngoingTopicReassignment<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<OngoingPartitionReassignment>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OngoingPartitionReassignment {
    pub partition_index: PartitionIndex,
    pub replicas: Vec<NodeId>,
    pub adding_replicas: Vec<NodeId>,
    pub removing_replicas: Vec<NodeId>,
}
