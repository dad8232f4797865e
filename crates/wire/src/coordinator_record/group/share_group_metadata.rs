//! A share group exists, and how often what its assignment rests on has changed.

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 11, versions = 0)]
pub struct ShareGroupMetadataKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 11, versions = 0, flexible = 0..)]
pub struct ShareGroupMetadataValue {
    pub epoch: i32,
    /// Of the topics that the members subscribe to.
    pub metadata_hash: i64,
}
