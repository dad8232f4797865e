//! `Metadata` (3): tells brokers, and topics with their leaders.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 3, versions = 0..=13, flexible = 9..)]
pub struct MetadataRequest<'a> {
    #[field(nullable = 1..)]
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    #[field(versions = 4.., default = true)]
    pub allow_auto_topic_creation: bool,
    #[field(versions = 8..=10)]
    pub include_cluster_authorized_operations: bool,
    #[field(versions = 8..)]
    pub include_topic_authorized_operations: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct MetadataRequestTopic<'a> {
    #[field(versions = 10.., ignorable)]
    pub topic_id: TopicId,
    #[field(nullable = 10..)]
    pub name: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 3, versions = 0..=13, flexible = 9..)]
pub struct MetadataResponse<'a> {
    #[field(versions = 3.., ignorable)]
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    #[field(versions = 2.., default = None, ignorable)]
    pub cluster_id: Option<Str<'a>>,
    #[field(versions = 1.., default = NodeId::NONE, ignorable)]
    pub controller_id: NodeId,
    pub topics: Vec<MetadataResponseTopic<'a>>,
    #[field(versions = 8..=10, default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    #[field(versions = 13.., ignorable)]
    pub error_code: ErrorCode,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct MetadataResponseBroker<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: i32,
    #[field(versions = 1.., default = None, ignorable)]
    pub rack: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct MetadataResponseTopic<'a> {
    pub error_code: ErrorCode,
    #[field(nullable = 12..)]
    pub name: Option<Str<'a>>,
    #[field(versions = 10.., ignorable)]
    pub topic_id: TopicId,
    #[field(versions = 1.., ignorable)]
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    #[field(versions = 8.., default = i32::MIN)]
    pub topic_authorized_operations: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct MetadataResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: PartitionIndex,
    pub leader_id: NodeId,
    #[field(versions = 7.., default = LeaderEpoch::NONE, ignorable)]
    pub leader_epoch: LeaderEpoch,
    pub replica_nodes: Vec<NodeId>,
    pub isr_nodes: Vec<NodeId>,
    #[field(versions = 5.., ignorable)]
    pub offline_replicas: Vec<NodeId>,
}
