//! `OffsetDelete` (47): deletes positions of a group.

use ottla_model::{ErrorCode, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 47, versions = 0)]
pub struct OffsetDeleteRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<OffsetDeleteRequestTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetDeleteRequestTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetDeleteRequestPartition {
    pub partition_index: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 47, versions = 0)]
pub struct OffsetDeleteResponse<'a> {
    pub error_code: ErrorCode,
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetDeleteResponseTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetDeleteResponseTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct OffsetDeleteResponsePartition {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
}
