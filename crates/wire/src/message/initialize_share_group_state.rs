//! `InitializeShareGroupState` (83): begins the state of share partitions.

use ottla_model::{ErrorCode, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 83, versions = 0, flexible = 0..)]
pub struct InitializeShareGroupStateRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<InitializeStateData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct InitializeStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData {
    pub partition: PartitionIndex,
    pub state_epoch: i32,
    pub start_offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 83, versions = 0, flexible = 0..)]
pub struct InitializeShareGroupStateResponse<'a> {
    pub results: Vec<InitializeStateResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct InitializeStateResult<'a> {
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
