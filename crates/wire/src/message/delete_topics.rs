//! `DeleteTopics` (20): deletes topics.

use ottla_model::{ErrorCode, TopicId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 20, versions = 1..=6, flexible = 4..)]
pub struct DeleteTopicsRequest<'a> {
    #[field(versions = 6..)]
    pub topics: Vec<DeleteTopicState<'a>>,
    #[field(versions = ..=5, ignorable)]
    pub topic_names: Vec<Str<'a>>,
    pub timeout_ms: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteTopicState<'a> {
    #[field(default = None)]
    pub name: Option<Str<'a>>,
    pub topic_id: TopicId,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 20, versions = 1..=6, flexible = 4..)]
pub struct DeleteTopicsResponse<'a> {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeletableTopicResult<'a> {
    #[field(nullable = 6..)]
    pub name: Option<Str<'a>>,
    #[field(versions = 6.., ignorable)]
    pub topic_id: TopicId,
    pub error_code: ErrorCode,
    /// KIP-599.
    #[field(versions = 5.., default = None, ignorable)]
    pub error_message: Option<Str<'a>>,
}
