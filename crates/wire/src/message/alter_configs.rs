//! `AlterConfigs` (33): replaces all the configs of a resource.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 33, versions = 0..=2, flexible = 2..)]
pub struct AlterConfigsRequest<'a> {
    pub resources: Vec<AlterConfigsResource<'a>>,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterConfigsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    pub configs: Vec<AlterableConfig<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterableConfig<'a> {
    pub name: Str<'a>,
    pub value: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 33, versions = 0..=2, flexible = 2..)]
pub struct AlterConfigsResponse<'a> {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct AlterConfigsResourceResponse<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub resource_type: i8,
    pub resource_name: Str<'a>,
}
