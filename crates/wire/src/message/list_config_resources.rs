//! `ListConfigResources` (74): lists the resources that have configs.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 74, versions = 0..=1, flexible = 0..)]
pub struct ListConfigResourcesRequest {
    /// KIP-1142.
    #[field(versions = 1..)]
    pub resource_types: Vec<i8>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 74, versions = 0..=1, flexible = 0..)]
pub struct ListConfigResourcesResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub config_resources: Vec<ConfigResource<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ConfigResource<'a> {
    pub resource_name: Str<'a>,
    /// KIP-1142.
    #[field(versions = 1.., default = 16, ignorable)]
    pub resource_type: i8,
}
