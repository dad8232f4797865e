//! `ReadShareGroupState` (84): reads the state of share partitions.

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 84, versions = 0, flexible = 0..)]
pub struct ReadShareGroupStateRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<ReadStateData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReadStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData {
    pub partition: PartitionIndex,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 84, versions = 0, flexible = 0..)]
pub struct ReadShareGroupStateResponse<'a> {
    pub results: Vec<ReadStateResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ReadStateResult<'a> {
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
    pub start_offset: Offset,
    pub state_batches: Vec<StateBatch>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct StateBatch {
    pub first_offset: Offset,
    pub last_offset: Offset,
    pub delivery_state: i8,
    pub delivery_count: i16,
}
