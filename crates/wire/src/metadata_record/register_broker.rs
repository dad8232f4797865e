use ottla_model::{BrokerEpoch, NodeId, Uuid};

use crate::{IntoOwned, Message, Str, Struct};

/// An incarnation of a broker; its epoch is the offset of this record.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 0, versions = 0..=4, flexible = 0..)]
pub struct RegisterBrokerRecord<'a> {
    pub broker_id: NodeId,
    #[field(versions = 2..)]
    pub is_migrating_zk_broker: bool,
    pub incarnation_id: Uuid,
    pub broker_epoch: BrokerEpoch,
    pub end_points: Vec<BrokerEndpoint<'a>>,
    pub features: Vec<BrokerFeature<'a>>,
    pub rack: Option<Str<'a>>,
    #[field(default = true)]
    pub fenced: bool,
    #[field(versions = 1..)]
    pub in_controlled_shutdown: bool,
    #[field(versions = 3.., tag = 0)]
    pub log_dirs: Vec<Uuid>,
    #[field(versions = 4.., tag = 1, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct BrokerEndpoint<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
    pub security_protocol: i16,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct BrokerFeature<'a> {
    pub name: Str<'a>,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}
