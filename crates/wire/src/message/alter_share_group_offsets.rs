//! `AlterShareGroupOffsets` (91): sets the start offsets of a share group.

use ottla_model::{ErrorCode, Offset, PartitionIndex, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 91, versions = 0, flexible = 0..)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: Str<'a>,
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterShareGroupOffsetsRequestPartition {
    pub partition_index: PartitionIndex,
    pub start_offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 91, versions = 0, flexible = 0..)]
pub struct AlterShareGroupOffsetsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: Str<'a>,
    pub topic_id: TopicId,
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterShareGroupOffsetsResponsePartition<'a> {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
}
