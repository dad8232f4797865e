//! `ListGroups` (16): lists the groups that a broker coordinates.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 16, versions = 0..=5, flexible = 3..)]
pub struct ListGroupsRequest<'a> {
    /// KIP-518.
    #[field(versions = 4..)]
    pub states_filter: Vec<Str<'a>>,
    /// KIP-848.
    #[field(versions = 5..)]
    pub types_filter: Vec<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 16, versions = 0..=5, flexible = 3..)]
pub struct ListGroupsResponse<'a> {
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ListedGroup<'a> {
    pub group_id: Str<'a>,
    pub protocol_type: Str<'a>,
    /// KIP-518.
    #[field(versions = 4.., ignorable)]
    pub group_state: Str<'a>,
    /// KIP-848.
    #[field(versions = 5.., ignorable)]
    pub group_type: Str<'a>,
}
