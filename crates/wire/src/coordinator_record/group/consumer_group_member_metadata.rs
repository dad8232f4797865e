//! What a member of a consumer group told of itself.

use crate::{IntoOwned, Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 5, versions = 0)]
pub struct ConsumerGroupMemberMetadataKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 5, versions = 0, flexible = 0..)]
pub struct ConsumerGroupMemberMetadataValue<'a> {
    pub instance_id: Option<Str<'a>>,
    pub rack_id: Option<Str<'a>>,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    pub subscribed_topic_names: Vec<Str<'a>>,
    pub subscribed_topic_regex: Option<Str<'a>>,
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    pub server_assignor: Option<Str<'a>>,
    /// Null, and not left out, unless the member still speaks the classic protocol: what is left out is an empty one.
    #[field(tag = 0)]
    pub classic_member_metadata: Option<ClassicMemberMetadata<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct ClassicMemberMetadata<'a> {
    pub session_timeout_ms: i32,
    pub supported_protocols: Vec<ClassicProtocol<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct ClassicProtocol<'a> {
    pub name: Str<'a>,
    pub metadata: Octets<'a>,
}
