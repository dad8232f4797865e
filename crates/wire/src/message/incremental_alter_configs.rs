//! `IncrementalAlterConfigs` (44): sets, deletes and edits single configs.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 44, versions = 0..=1, flexible = 1..)]
pub struct IncrementalAlterConfigsRequest<'a> {
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
    pub config_operation: i8,
    pub value: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 44, versions = 0..=1, flexible = 1..)]
pub struct IncrementalAlterConfigsResponse<'a> {
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
