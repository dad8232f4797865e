//! The topics that a regular expression of a consumer group was found to match.

use ottla_model::Timestamp;

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 16, versions = 0)]
pub struct ConsumerGroupRegularExpressionKey<'a> {
    pub group_id: Str<'a>,
    pub regular_expression: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 16, versions = 0, flexible = 0..)]
pub struct ConsumerGroupRegularExpressionValue<'a> {
    pub topics: Vec<Str<'a>>,
    /// Of the metadata image that was searched.
    pub version: i64,
    pub timestamp: Timestamp,
}
