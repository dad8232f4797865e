//! `SyncGroup` (14): exchanges the assignment of a classic group.

use ottla_model::ErrorCode;

use crate::{Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 14, versions = 0..=5, flexible = 4..)]
pub struct SyncGroupRequest<'a> {
    pub group_id: Str<'a>,
    pub generation_id: i32,
    pub member_id: Str<'a>,
    #[field(versions = 3.., default = None)]
    pub group_instance_id: Option<Str<'a>>,
    /// KIP-559.
    #[field(versions = 5.., default = None, ignorable)]
    pub protocol_type: Option<Str<'a>>,
    /// KIP-559.
    #[field(versions = 5.., default = None, ignorable)]
    pub protocol_name: Option<Str<'a>>,
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct SyncGroupRequestAssignment<'a> {
    pub member_id: Str<'a>,
    pub assignment: Octets<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 14, versions = 0..=5, flexible = 4..)]
pub struct SyncGroupResponse<'a> {
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// KIP-559.
    #[field(versions = 5.., default = None, ignorable)]
    pub protocol_type: Option<Str<'a>>,
    /// KIP-559.
    #[field(versions = 5.., default = None, ignorable)]
    pub protocol_name: Option<Str<'a>>,
    pub assignment: Octets<'a>,
}
