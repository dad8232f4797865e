//! `DescribeAcls` (29): lists access control entries.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 29, versions = 1..=3, flexible = 2..)]
pub struct DescribeAclsRequest<'a> {
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
#[message(response = 29, versions = 1..=3, flexible = 2..)]
pub struct DescribeAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub resources: Vec<DescribeAclsResource<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeAclsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    #[field(default = 3)]
    pub pattern_type: i8,
    pub acls: Vec<AclDescription<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AclDescription<'a> {
    pub principal: Str<'a>,
    pub host: Str<'a>,
    pub operation: i8,
    pub permission_type: i8,
}
