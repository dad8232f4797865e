//! `ReadShareGroupStateSummary` (87): reads the start offsets of share partitions.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 87, versions = 0..=1, flexible = 0..)]
pub struct ReadShareGroupStateSummaryRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<ReadStateSummaryData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReadStateSummaryData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData {
    pub partition: PartitionIndex,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 87, versions = 0..=1, flexible = 0..)]
pub struct ReadShareGroupStateSummaryResponse<'a> {
    pub results: Vec<ReadStateSummaryResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReadStateSummaryResult<'a> {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionResult<'a> {
    pub partition: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub state_epoch: i32,
    pub leader_epoch: LeaderEpoch,
    pub start_offset: Offset,
    /// KIP-1226.
    #[field(versions = 1.., default = -1, ignorable)]
    pub delivery_complete_count: i32,
}
