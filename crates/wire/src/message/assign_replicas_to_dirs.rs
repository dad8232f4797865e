//! `AssignReplicasToDirs` (73): tells the controller in which directory a replica lies.

use ottla_model::{BrokerEpoch, ErrorCode, NodeId, PartitionIndex, TopicId, Uuid};

use crate::{Message, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 73, versions = 0, flexible = 0..)]
pub struct AssignReplicasToDirsRequest {
    pub broker_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
    pub directories: Vec<RequestDirectoryData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestDirectoryData {
    pub id: Uuid,
    pub topics: Vec<RequestTopicData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestTopicData {
    pub topic_id: TopicId,
    pub partitions: Vec<RequestPartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestPartitionData {
    pub partition_index: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 73, versions = 0, flexible = 0..)]
pub struct AssignReplicasToDirsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub directories: Vec<ResponseDirectoryData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseDirectoryData {
    pub id: Uuid,
    pub topics: Vec<ResponseTopicData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseTopicData {
    pub topic_id: TopicId,
    pub partitions: Vec<ResponsePartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponsePartitionData {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
}
