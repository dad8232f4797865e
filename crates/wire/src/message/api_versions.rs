//! `ApiVersions` (18): tells the versions of the APIs, and the features, that a node speaks.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 18, versions = 0..=4, flexible = 3..)]
pub struct ApiVersionsRequest<'a> {
    #[field(versions = 3.., ignorable)]
    pub client_software_name: Str<'a>,
    #[field(versions = 3.., ignorable)]
    pub client_software_version: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 18, versions = 0..=4, flexible = 3..)]
pub struct ApiVersionsResponse<'a> {
    pub error_code: ErrorCode,
    pub api_keys: Vec<ApiVersion>,
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    /// KIP-511.
    #[field(versions = 3.., tag = 0, ignorable)]
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// KIP-511.
    #[field(versions = 3.., tag = 1, default = -1, ignorable)]
    pub finalized_features_epoch: i64,
    /// KIP-511.
    #[field(versions = 3.., tag = 2, ignorable)]
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    /// KIP-511.
    #[field(versions = 3.., tag = 3, ignorable)]
    pub zk_migration_ready: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct SupportedFeatureKey<'a> {
    pub name: Str<'a>,
    pub min_version: i16,
    pub max_version: i16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FinalizedFeatureKey<'a> {
    pub name: Str<'a>,
    pub max_version_level: i16,
    pub min_version_level: i16,
}
