//! `ElectLeaders` (43): elects leaders of partitions.

use ottla_model::{ErrorCode, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 43, versions = 0..=2, flexible = 2..)]
pub struct ElectLeadersRequest<'a> {
    /// KIP-460.
    #[field(versions = 1..)]
    pub election_type: i8,
    pub topic_partitions: Option<Vec<TopicPartitions<'a>>>,
    #[field(default = 60000)]
    pub timeout_ms: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TopicPartitions<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 43, versions = 0..=2, flexible = 2..)]
pub struct ElectLeadersResponse<'a> {
    pub throttle_time_ms: i32,
    #[field(versions = 1..)]
    pub error_code: ErrorCode,
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReplicaElectionResult<'a> {
    pub topic: Str<'a>,
    pub partition_result: Vec<PartitionResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionResult<'a> {
    pub partition_id: PartitionIndex,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
