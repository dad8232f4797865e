use ottla_model::{NodeId, Uuid};

use crate::{IntoOwned, Message, Str, Struct};

/// An incarnation of a controller.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 27, versions = 0, flexible = 0..)]
pub struct RegisterControllerRecord<'a> {
    pub controller_id: NodeId,
    pub incarnation_id: Uuid,
    pub zk_migration_ready: bool,
    pub end_points: Vec<ControllerEndpoint<'a>>,
    pub features: Vec<ControllerFeature<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct ControllerEndpoint<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
    pub security_protocol: i16,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct ControllerFeature<'a> {
    pub name: Str<'a>,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}
