//! `DeleteGroups` (42): deletes empty groups.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 42, versions = 0..=2, flexible = 2..)]
pub struct DeleteGroupsRequest<'a> {
    pub groups_names: Vec<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 42, versions = 0..=2, flexible = 2..)]
pub struct DeleteGroupsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeletableGroupResult<'a> {
    pub group_id: Str<'a>,
    pub error_code: ErrorCode,
}
