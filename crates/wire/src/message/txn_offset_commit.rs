//! `TxnOffsetCommit` (28): stores the positions of a group within a transaction.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 28, versions = 0..=5, flexible = 3..)]
pub struct TxnOffsetCommitRequest<'a> {
    pub transactional_id: Str<'a>,
    pub group_id: Str<'a>,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    #[field(versions = 3.., default = -1)]
    pub generation_id: i32,
    #[field(versions = 3..)]
    pub member_id: Str<'a>,
    #[field(versions = 3.., default = None)]
    pub group_instance_id: Option<Str<'a>>,
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    pub partition_index: PartitionIndex,
    pub committed_offset: Offset,
    #[field(versions = 2.., default = LeaderEpoch::NONE, ignorable)]
    pub committed_leader_epoch: LeaderEpoch,
    pub committed_metadata: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 28, versions = 0..=5, flexible = 3..)]
pub struct TxnOffsetCommitResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
}
