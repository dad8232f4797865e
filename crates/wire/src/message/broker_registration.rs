//! `BrokerRegistration` (62): registers an incarnation of a broker with the controller.

use ottla_model::{BrokerEpoch, ErrorCode, NodeId, Uuid};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 62, versions = 0..=4, flexible = 0..)]
pub struct BrokerRegistrationRequest<'a> {
    pub broker_id: NodeId,
    pub cluster_id: Str<'a>,
    pub incarnation_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    pub features: Vec<Feature<'a>>,
    pub rack: Option<Str<'a>>,
    #[field(versions = 1..)]
    pub is_migrating_zk_broker: bool,
    /// KIP-858.
    #[field(versions = 2.., ignorable)]
    pub log_dirs: Vec<Uuid>,
    /// KIP-966.
    #[field(versions = 3.., default = BrokerEpoch::NONE, ignorable)]
    pub previous_broker_epoch: BrokerEpoch,
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
#[message(response = 62, versions = 0..=4, flexible = 0..)]
pub struct BrokerRegistrationResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
}
