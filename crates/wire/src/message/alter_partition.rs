//! `AlterPartition` (56): changes the in-sync replicas of partitions.

use ottla_model::{
    BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId,
};

use crate::{Message, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 56, versions = 2..=3, flexible = 0..)]
pub struct AlterPartitionRequest {
    pub broker_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
    pub topics: Vec<RequestTopicData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestTopicData {
    #[field(ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<RequestPartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestPartitionData {
    pub partition_index: PartitionIndex,
    pub leader_epoch: LeaderEpoch,
    #[field(versions = ..=2)]
    pub new_isr: Vec<NodeId>,
    /// KIP-903.
    #[field(versions = 3..)]
    pub new_isr_with_epochs: Vec<BrokerState>,
    pub leader_recovery_state: i8,
    pub partition_epoch: PartitionEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct BrokerState {
    pub broker_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 56, versions = 2..=3, flexible = 0..)]
pub struct AlterPartitionResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseTopicData {
    #[field(ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<ResponsePartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponsePartitionData {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
    pub isr: Vec<NodeId>,
    #[field(ignorable)]
    pub leader_recovery_state: i8,
    pub partition_epoch: PartitionEpoch,
}
