//! `CreateTopics` (19): creates topics.

use ottla_model::{ErrorCode, NodeId, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 19, versions = 2..=7, flexible = 5..)]
pub struct CreateTopicsRequest<'a> {
    pub topics: Vec<CreatableTopic<'a>>,
    #[field(default = 60000)]
    pub timeout_ms: i32,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatableTopic<'a> {
    pub name: Str<'a>,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatableReplicaAssignment {
    pub partition_index: PartitionIndex,
    pub broker_ids: Vec<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatableTopicConfig<'a> {
    pub name: Str<'a>,
    pub value: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 19, versions = 2..=7, flexible = 5..)]
pub struct CreateTopicsResponse<'a> {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatableTopicResult<'a> {
    pub name: Str<'a>,
    #[field(versions = 7.., ignorable)]
    pub topic_id: TopicId,
    pub error_code: ErrorCode,
    #[field(ignorable)]
    pub error_message: Option<Str<'a>>,
    /// KIP-525.
    #[field(versions = 5.., tag = 0, ignorable)]
    pub topic_config_error_code: ErrorCode,
    /// KIP-525.
    #[field(versions = 5.., default = -1, ignorable)]
    pub num_partitions: i32,
    /// KIP-525.
    #[field(versions = 5.., default = -1, ignorable)]
    pub replication_factor: i16,
    /// KIP-525.
    #[field(versions = 5.., ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct CreatableTopicConfigs<'a> {
    pub name: Str<'a>,
    pub value: Option<Str<'a>>,
    pub read_only: bool,
    #[field(default = -1, ignorable)]
    pub config_source: i8,
    pub is_sensitive: bool,
}
