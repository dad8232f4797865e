//! `FetchSnapshot` (59): reads pieces of a metadata snapshot.

use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, Uuid};

use crate::{Message, Records, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 59, versions = 0..=1, flexible = 0..)]
pub struct FetchSnapshotRequest<'a> {
    #[field(tag = 0, default = None)]
    pub cluster_id: Option<Str<'a>>,
    #[field(default = NodeId::NONE)]
    pub replica_id: NodeId,
    #[field(default = i32::MAX)]
    pub max_bytes: i32,
    pub topics: Vec<RequestTopicSnapshot<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestTopicSnapshot<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<RequestPartitionSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct RequestPartitionSnapshot {
    pub partition: PartitionIndex,
    pub current_leader_epoch: LeaderEpoch,
    pub snapshot_id: SnapshotId,
    pub position: i64,
    /// KIP-853.
    #[field(versions = 1.., tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct SnapshotId {
    pub end_offset: Offset,
    pub epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 59, versions = 0..=1, flexible = 0..)]
pub struct FetchSnapshotResponse<'a> {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicSnapshot<'a>>,
    #[field(versions = 1.., tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponseTopicSnapshot<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<ResponsePartitionSnapshot<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ResponsePartitionSnapshot<'a> {
    pub index: PartitionIndex,
    pub error_code: ErrorCode,
    pub snapshot_id: SnapshotId,
    #[field(tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub size: i64,
    pub position: i64,
    pub unaligned_records: Records<'a>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct LeaderIdAndEpoch {
    pub leader_id: NodeId,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct NodeEndpoint<'a> {
    pub node_id: NodeId,
    pub host: Str<'a>,
    pub port: u16,
}
