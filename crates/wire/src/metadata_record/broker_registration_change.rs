use ottla_model::{BrokerEpoch, NodeId, Uuid};

use crate::{IntoOwned, Message};

/// What changes of a broker: tags are present for what is new.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 17, versions = 0..=3, flexible = 0..)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: NodeId,
    pub broker_epoch: BrokerEpoch,
    #[field(tag = 0)]
    pub fenced: i8,
    #[field(versions = 1.., tag = 1)]
    pub in_controlled_shutdown: i8,
    #[field(versions = 2.., tag = 2)]
    pub log_dirs: Vec<Uuid>,
    #[field(versions = 3.., tag = 3, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}
