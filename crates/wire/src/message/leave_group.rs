//! `LeaveGroup` (13): takes members out of a classic group.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 13, versions = 0..=5, flexible = 4..)]
pub struct LeaveGroupRequest<'a> {
    pub group_id: Str<'a>,
    #[field(versions = ..=2)]
    pub member_id: Str<'a>,
    #[field(versions = 3..)]
    pub members: Vec<MemberIdentity<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct MemberIdentity<'a> {
    pub member_id: Str<'a>,
    #[field(default = None)]
    pub group_instance_id: Option<Str<'a>>,
    /// KIP-800.
    #[field(versions = 5.., default = None, ignorable)]
    pub reason: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 13, versions = 0..=5, flexible = 4..)]
pub struct LeaveGroupResponse<'a> {
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(versions = 3..)]
    pub members: Vec<MemberResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct MemberResponse<'a> {
    pub member_id: Str<'a>,
    pub group_instance_id: Option<Str<'a>>,
    pub error_code: ErrorCode,
}
