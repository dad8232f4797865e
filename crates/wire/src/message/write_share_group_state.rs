//! `WriteShareGroupState` (85): writes the state of share partitions.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 85, versions = 0..=1, flexible = 0..)]
pub struct WriteShareGroupStateRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<WriteStateData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WriteStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData {
    pub partition: PartitionIndex,
    pub state_epoch: i32,
    pub leader_epoch: LeaderEpoch,
    pub start_offset: Offset,
    /// KIP-1226.
    #[field(versions = 1.., default = -1, ignorable)]
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct StateBatch {
    pub first_offset: Offset,
    pub last_offset: Offset,
    pub delivery_state: i8,
    pub delivery_count: i16,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 85, versions = 0..=1, flexible = 0..)]
pub struct WriteShareGroupStateResponse<'a> {
    pub results: Vec<WriteStateResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WriteStateResult<'a> {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionResult<'a> {
    pub partition: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
}
