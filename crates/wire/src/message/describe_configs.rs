//! `DescribeConfigs` (32): tells configs with where their values come from.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 32, versions = 1..=4, flexible = 4..)]
pub struct DescribeConfigsRequest<'a> {
    pub resources: Vec<DescribeConfigsResource<'a>>,
    pub include_synonyms: bool,
    #[field(versions = 3..)]
    pub include_documentation: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeConfigsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    pub configuration_keys: Option<Vec<Str<'a>>>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 32, versions = 1..=4, flexible = 4..)]
pub struct DescribeConfigsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeConfigsResult<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    pub resource_type: i8,
    pub resource_name: Str<'a>,
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeConfigsResourceResult<'a> {
    pub name: Str<'a>,
    pub value: Option<Str<'a>>,
    pub read_only: bool,
    #[field(default = -1, ignorable)]
    pub config_source: i8,
    pub is_sensitive: bool,
    #[field(ignorable)]
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    #[field(versions = 3.., ignorable)]
    pub config_type: i8,
    #[field(versions = 3.., ignorable)]
    pub documentation: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeConfigsSynonym<'a> {
    pub name: Str<'a>,
    pub value: Option<Str<'a>>,
    pub source: i8,
}
