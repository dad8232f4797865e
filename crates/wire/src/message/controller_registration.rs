//! `ControllerRegistration` (70): registers an incarnation of a controller.

use ottla_model::{ErrorCode, NodeId, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 70, versions = 0, flexible = 0..)]
pub struct ControllerRegistrationRequest<'a> {
    pub controller_id: NodeId,
    pub incarnation_id: Uuid,
    pub zk_migration_ready: bool,
    pub listeners: Vec<Listener<'a>>,
    pub features: Vec<Feature<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Listener<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
    pub security_protocol: i16,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct Feature<'a> {
    pub name: Str<'a>,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 70, versions = 0, flexible = 0..)]
pub struct ControllerRegistrationResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str<'a>>,
}
