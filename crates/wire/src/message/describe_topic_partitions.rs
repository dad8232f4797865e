//! `DescribeTopicPartitions` (75): tells the partitions of topics, page by page.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 75, versions = 0, flexible = 0..)]
pub struct DescribeTopicPartitionsRequest<'a> {
    pub topics: Vec<TopicRequest<'a>>,
    #[field(default = 2000)]
    pub response_partition_limit: i32,
    #[field(default = None)]
    pub cursor: Option<Cursor<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicRequest<'a> {
    pub name: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Cursor<'a> {
    pub topic_name: Str<'a>,
    pub partition_index: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 75, versions = 0, flexible = 0..)]
pub struct DescribeTopicPartitionsResponse<'a> {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    #[field(default = None)]
    pub next_cursor: Option<Cursor<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    pub error_code: ErrorCode,
    pub name: Option<Str<'a>>,
    #[field(ignorable)]
    pub topic_id: TopicId,
    #[field(ignorable)]
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    #[field(default = i32::MIN)]
    pub topic_authorized_operations: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: PartitionIndex,
    pub leader_id: NodeId,
    #[field(default = LeaderEpoch::NONE, ignorable)]
    pub leader_epoch: LeaderEpoch,
    pub replica_nodes: Vec<NodeId>,
    pub isr_nodes: Vec<NodeId>,
    #[field(default = None)]
    pub eligible_leader_replicas: Option<Vec<NodeId>>,
    #[field(default = None)]
    pub last_known_elr: Option<Vec<NodeId>>,
    #[field(ignorable)]
    pub offline_replicas: Vec<NodeId>,
}
