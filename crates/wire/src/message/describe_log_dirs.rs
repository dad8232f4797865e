//! `DescribeLogDirs` (35): tells the log directories of a broker and the replicas in them.

use ottla_model::{ErrorCode, PartitionIndex};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 35, versions = 1..=5, flexible = 2..)]
pub struct DescribeLogDirsRequest<'a> {
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribableLogDirTopic<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 35, versions = 1..=5, flexible = 2..)]
pub struct DescribeLogDirsResponse<'a> {
    pub throttle_time_ms: i32,
    #[field(versions = 3.., ignorable)]
    pub error_code: ErrorCode,
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeLogDirsResult<'a> {
    pub error_code: ErrorCode,
    pub log_dir: Str<'a>,
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    #[field(versions = 4.., default = -1, ignorable)]
    pub total_bytes: i64,
    #[field(versions = 4.., default = -1, ignorable)]
    pub usable_bytes: i64,
    #[field(versions = 5.., ignorable)]
    pub is_cordoned: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeLogDirsTopic<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeLogDirsPartition {
    pub partition_index: PartitionIndex,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}
