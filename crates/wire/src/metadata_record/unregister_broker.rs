use ottla_model::{BrokerEpoch, NodeId};

use crate::{IntoOwned, Message};

/// A broker is gone for good.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 1, versions = 0, flexible = 0..)]
pub struct UnregisterBrokerRecord {
    pub broker_id: NodeId,
    pub broker_epoch: BrokerEpoch,
}
