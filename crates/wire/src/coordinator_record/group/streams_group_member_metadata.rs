//! What a member of a streams group told of itself.

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 19, versions = 0)]
pub struct StreamsGroupMemberMetadataKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 19, versions = 0, flexible = 0..)]
pub struct StreamsGroupMemberMetadataValue<'a> {
    pub instance_id: Option<Str<'a>>,
    pub rack_id: Option<Str<'a>>,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    pub topology_epoch: i32,
    pub process_id: Str<'a>,
    /// Where the process answers queries of its state.
    #[field(default = None)]
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Vec<KeyValue<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Endpoint<'a> {
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct KeyValue<'a> {
    pub key: Str<'a>,
    pub value: Str<'a>,
}
