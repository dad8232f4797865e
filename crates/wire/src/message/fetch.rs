//! `Fetch` (1): reads batches, for consumers, followers and the metadata quorum.

use ottla_model::{
    BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicId, Uuid,
};

use crate::{Message, Records, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 1, versions = 4..=18, flexible = 12..)]
pub struct FetchRequest<'a> {
    #[field(versions = 12.., tag = 0, default = None, ignorable)]
    pub cluster_id: Option<Str<'a>>,
    #[field(versions = ..=14, default = NodeId::NONE)]
    pub replica_id: NodeId,
    /// KIP-903.
    #[field(versions = 15.., tag = 1)]
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[field(default = i32::MAX, ignorable)]
    pub max_bytes: i32,
    #[field(ignorable)]
    pub isolation_level: i8,
    #[field(versions = 7.., ignorable)]
    pub session_id: i32,
    #[field(versions = 7.., default = -1, ignorable)]
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic<'a>>,
    #[field(versions = 7..)]
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    #[field(versions = 11.., ignorable)]
    pub rack_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReplicaState {
    #[field(default = NodeId::NONE)]
    pub replica_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub replica_epoch: BrokerEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FetchTopic<'a> {
    #[field(versions = ..=12, ignorable)]
    pub topic: Str<'a>,
    /// KIP-516.
    #[field(versions = 13.., ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<FetchPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FetchPartition {
    pub partition: PartitionIndex,
    /// KIP-320.
    #[field(versions = 9.., default = LeaderEpoch::NONE, ignorable)]
    pub current_leader_epoch: LeaderEpoch,
    pub fetch_offset: Offset,
    #[field(versions = 12.., default = LeaderEpoch::NONE)]
    pub last_fetched_epoch: LeaderEpoch,
    #[field(versions = 5.., default = Offset::UNKNOWN, ignorable)]
    pub log_start_offset: Offset,
    pub partition_max_bytes: i32,
    /// KIP-853.
    #[field(versions = 17.., tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
    /// KIP-1166.
    #[field(versions = 18.., tag = 1, default = Offset::MAX, ignorable)]
    pub high_watermark: Offset,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ForgottenTopic<'a> {
    #[field(versions = ..=12, ignorable)]
    pub topic: Str<'a>,
    /// KIP-516.
    #[field(versions = 13.., ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 1, versions = 4..=18, flexible = 12..)]
pub struct FetchResponse<'a> {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = 7.., ignorable)]
    pub error_code: ErrorCode,
    #[field(versions = 7..)]
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// KIP-951.
    #[field(versions = 16.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FetchableTopicResponse<'a> {
    #[field(versions = ..=12, ignorable)]
    pub topic: Str<'a>,
    /// KIP-516.
    #[field(versions = 13.., ignorable)]
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    pub high_watermark: Offset,
    #[field(default = Offset::UNKNOWN, ignorable)]
    pub last_stable_offset: Offset,
    #[field(versions = 5.., default = Offset::UNKNOWN, ignorable)]
    pub log_start_offset: Offset,
    #[field(versions = 12.., tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    #[field(versions = 12.., tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    #[field(versions = 12.., tag = 2)]
    pub snapshot_id: SnapshotId,
    #[field(ignorable)]
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    #[field(versions = 11.., default = NodeId::NONE)]
    pub preferred_read_replica: NodeId,
    #[field(default = None)]
    pub records: Option<Records<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct EpochEndOffset {
    #[field(default = LeaderEpoch::NONE)]
    pub epoch: LeaderEpoch,
    #[field(default = Offset::UNKNOWN)]
    pub end_offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct LeaderIdAndEpoch {
    #[field(default = NodeId::NONE)]
    pub leader_id: NodeId,
    #[field(default = LeaderEpoch::NONE)]
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct SnapshotId {
    #[field(default = Offset::UNKNOWN)]
    pub end_offset: Offset,
    #[field(default = LeaderEpoch::NONE)]
    pub epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AbortedTransaction {
    pub producer_id: ProducerId,
    pub first_offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct NodeEndpoint<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: i32,
    #[field(default = None)]
    pub rack: Option<Str<'a>>,
}
