//! `DeleteRecords` (21): moves the starts of logs forward.

use ottla_model::{ErrorCode, Offset, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 21, versions = 0..=2, flexible = 2..)]
pub struct DeleteRecordsRequest<'a> {
    pub topics: Vec<DeleteRecordsTopic<'a>>,
    pub timeout_ms: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteRecordsTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<DeleteRecordsPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteRecordsPartition {
    pub partition_index: PartitionIndex,
    pub offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 21, versions = 0..=2, flexible = 2..)]
pub struct DeleteRecordsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteRecordsTopicResult<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteRecordsPartitionResult {
    pub partition_index: PartitionIndex,
    pub low_watermark: Offset,
    pub error_code: ErrorCode,
}
