//! `DeleteShareGroupState` (86): deletes the state of share partitions.

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 86, versions = 0, flexible = 0..)]
pub struct DeleteShareGroupStateRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<DeleteStateData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct PartitionData {
    pub partition: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 86, versions = 0, flexible = 0..)]
pub struct DeleteShareGroupStateResponse<'a> {
    pub results: Vec<DeleteStateResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteStateResult<'a> {
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
