//! A consumer group (KIP-848) exists, and how often what its assignment rests on has changed.

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 3, versions = 0)]
pub struct ConsumerGroupMetadataKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 3, versions = 0, flexible = 0..)]
pub struct ConsumerGroupMetadataValue {
    pub epoch: i32,
    /// Of the topics that the members subscribe to. KIP-1101.
    #[field(tag = 0)]
    pub metadata_hash: i64,
}
