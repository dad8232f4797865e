//! `DeleteAcls` (31): removes access control entries.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 31, versions = 1..=3, flexible = 2..)]
pub struct DeleteAclsRequest<'a> {
    pub filters: Vec<DeleteAclsFilter<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteAclsFilter<'a> {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Str<'a>>,
    #[field(default = 3)]
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Str<'a>>,
    pub host_filter: Option<Str<'a>>,
    pub operation: i8,
    pub permission_type: i8,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 31, versions = 1..=3, flexible = 2..)]
pub struct DeleteAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteAclsFilterResult<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DeleteAclsMatchingAcl<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    #[field(default = 3)]
    pub pattern_type: i8,
    pub principal: Str<'a>,
    pub host: Str<'a>,
    pub operation: i8,
    pub permission_type: i8,
}
