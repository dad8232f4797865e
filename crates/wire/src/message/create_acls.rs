//! `CreateAcls` (30): adds access control entries.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 30, versions = 1..=3, flexible = 2..)]
pub struct CreateAclsRequest<'a> {
    pub creations: Vec<AclCreation<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AclCreation<'a> {
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    #[field(default = 3)]
    pub resource_pattern_type: i8,
    pub principal: Str<'a>,
    pub host: Str<'a>,
    pub operation: i8,
    pub permission_type: i8,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 30, versions = 1..=3, flexible = 2..)]
pub struct CreateAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AclCreationResult<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
