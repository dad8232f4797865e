//! A streams group (KIP-1071) exists, and how often what its assignment rests on has changed.

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 17, versions = 0)]
pub struct StreamsGroupMetadataKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 17, versions = 0, flexible = 0..)]
pub struct StreamsGroupMetadataValue<'a> {
    pub epoch: i32,
    /// Of the topics that the topology reads.
    pub metadata_hash: i64,
    /// The topology whose topics were found to be there and to fit.
    #[field(tag = 0, default = -1)]
    pub validated_topology_epoch: i32,
    /// What the assignor was told the last time.
    #[field(tag = 1)]
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig<'a>>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct LastAssignmentConfig<'a> {
    pub key: Str<'a>,
    pub value: Str<'a>,
}
