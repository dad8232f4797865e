//! `JoinGroup` (11): enters a classic group.

use ottla_model::ErrorCode;

use crate::{Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 11, versions = 0..=9, flexible = 6..)]
pub struct JoinGroupRequest<'a> {
    pub group_id: Str<'a>,
    pub session_timeout_ms: i32,
    #[field(versions = 1.., default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    pub member_id: Str<'a>,
    #[field(versions = 5.., default = None)]
    pub group_instance_id: Option<Str<'a>>,
    pub protocol_type: Str<'a>,
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    /// KIP-800.
    #[field(versions = 8.., default = None, ignorable)]
    pub reason: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct JoinGroupRequestProtocol<'a> {
    pub name: Str<'a>,
    pub metadata: Octets<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 11, versions = 0..=9, flexible = 6..)]
pub struct JoinGroupResponse<'a> {
    #[field(versions = 2.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = -1)]
    pub generation_id: i32,
    /// KIP-559.
    #[field(versions = 7.., default = None, ignorable)]
    pub protocol_type: Option<Str<'a>>,
    #[field(nullable = 7..)]
    pub protocol_name: Option<Str<'a>>,
    pub leader: Str<'a>,
    #[field(versions = 9..)]
    pub skip_assignment: bool,
    pub member_id: Str<'a>,
    pub members: Vec<JoinGroupResponseMember<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct JoinGroupResponseMember<'a> {
    pub member_id: Str<'a>,
    #[field(versions = 5.., default = None, ignorable)]
    pub group_instance_id: Option<Str<'a>>,
    pub metadata: Octets<'a>,
}
