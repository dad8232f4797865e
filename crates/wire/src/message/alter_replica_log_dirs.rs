//! `AlterReplicaLogDirs` (34): moves replicas between the log directories of a broker.

use ottla_model::{ErrorCode, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 34, versions = 1..=2, flexible = 2..)]
pub struct AlterReplicaLogDirsRequest<'a> {
    pub dirs: Vec<AlterReplicaLogDir<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterReplicaLogDir<'a> {
    pub path: Str<'a>,
    pub topics: Vec<AlterReplicaLogDirTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterReplicaLogDirTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 34, versions = 1..=2, flexible = 2..)]
pub struct AlterReplicaLogDirsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterReplicaLogDirTopicResult<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
}
