//! A classic group between two rebalances: its members and what the leader assigned to them.

use ottla_model::Timestamp;

use crate::{IntoOwned, Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 2, versions = 0)]
pub struct GroupMetadataKey<'a> {
    pub group: Str<'a>,
}

/// An empty group has neither protocol nor leader.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 2, versions = 0..=4, flexible = 4..)]
pub struct GroupMetadataValue<'a> {
    pub protocol_type: Str<'a>,
    pub generation: i32,
    pub protocol: Option<Str<'a>>,
    pub leader: Option<Str<'a>>,
    /// When the group came into the state that it is in. KIP-211.
    #[field(versions = 2.., default = Timestamp::NONE, ignorable)]
    pub current_state_timestamp: Timestamp,
    pub members: Vec<MemberMetadata<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct MemberMetadata<'a> {
    pub member_id: Str<'a>,
    /// KIP-345.
    #[field(versions = 3.., default = None, ignorable)]
    pub group_instance_id: Option<Str<'a>>,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    #[field(versions = 1.., default = -1, ignorable)]
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Octets<'a>,
    pub assignment: Octets<'a>,
}
