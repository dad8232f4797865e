//! `UpdateFeatures` (57): changes the feature levels of the cluster.

use ottla_model::ErrorCode;

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 57, versions = 0..=2, flexible = 0..)]
pub struct UpdateFeaturesRequest<'a> {
    #[field(default = 60000)]
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    #[field(versions = 1..)]
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct FeatureUpdateKey<'a> {
    pub feature: Str<'a>,
    pub max_version_level: i16,
    #[field(versions = 0)]
    pub allow_downgrade: bool,
    #[field(versions = 1.., default = 1)]
    pub upgrade_type: i8,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 57, versions = 0..=2, flexible = 0..)]
pub struct UpdateFeaturesResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
    #[field(versions = ..=1, ignorable)]
    pub results: Vec<UpdatableFeatureResult<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct UpdatableFeatureResult<'a> {
    pub feature: Str<'a>,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
