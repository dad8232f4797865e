//! `WriteTxnMarkers` (27): appends the ends of transactions to partitions.

use ottla_model::{ErrorCode, PartitionIndex, ProducerEpoch, ProducerId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 27, versions = 1..=2, flexible = 1..)]
pub struct WriteTxnMarkersRequest<'a> {
    pub markers: Vec<WritableTxnMarker<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WritableTxnMarker<'a> {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic<'a>>,
    pub coordinator_epoch: i32,
    /// KIP-1228.
    #[field(versions = 2.., ignorable)]
    pub transaction_version: i8,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WritableTxnMarkerTopic<'a> {
    pub name: Str<'a>,
    pub partition_indexes: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 27, versions = 1..=2, flexible = 1..)]
pub struct WriteTxnMarkersResponse<'a> {
    pub markers: Vec<WritableTxnMarkerResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WritableTxnMarkerResult<'a> {
    pub producer_id: ProducerId,
    pub topics: Vec<WritableTxnMarkerTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WritableTxnMarkerTopicResult<'a> {
    pub name: Str<'a>,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: PartitionIndex,
    pub error_code: ErrorCode,
}
