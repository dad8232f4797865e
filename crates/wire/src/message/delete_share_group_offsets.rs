//! `DeleteShareGroupOffsets` (92): deletes the start offsets of a share group.

use ottla_model::{ErrorCode, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 92, versions = 0, flexible = 0..)]
pub struct DeleteShareGroupOffsetsRequest<'a> {
    pub group_id: Str<'a>,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 92, versions = 0, flexible = 0..)]
pub struct DeleteShareGroupOffsetsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: Str<'a>,
    pub topic_id: TopicId,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
}
