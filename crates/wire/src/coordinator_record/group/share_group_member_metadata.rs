//! What a member of a share group (KIP-932) told of itself.

use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 10, versions = 0)]
pub struct ShareGroupMemberMetadataKey<'a> {
    pub group_id: Str<'a>,
    pub member_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 10, versions = 0, flexible = 0..)]
pub struct ShareGroupMemberMetadataValue<'a> {
    pub rack_id: Option<Str<'a>>,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    pub subscribed_topic_names: Vec<Str<'a>>,
}
