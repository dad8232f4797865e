//! `AlterPartitionReassignments` (45): moves partitions to other brokers.

use ottla_model::{ErrorCode, NodeId, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 45, versions = 0..=1, flexible = 0..)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    #[field(default = 60000)]
    pub timeout_ms: i32,
    #[field(versions = 1.., default = true)]
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReassignableTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<ReassignablePartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReassignablePartition {
    pub partition_index: PartitionIndex,
    #[field(default = None)]
    pub replicas: Option<Vec<NodeId>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 45, versions = 0..=1, flexible = 0..)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    pub throttle_time_ms: i32,
    #[field(versions = 1.., default = true, ignorable)]
    pub allow_replication_factor_change: bool,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub responses: Vec<ReassignableTopicResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReassignableTopicResponse<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReassignablePartitionResponse<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
