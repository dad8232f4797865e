use ottla_model::{BrokerEpoch, NodeId, ProducerId};

use crate::{IntoOwned, Message};

/// A block of producer ids was handed out.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 15, versions = 0, flexible = 0..)]
pub struct ProducerIdsRecord {
    pub broker_id: NodeId,
    #[field(default = BrokerEpoch::NONE)]
    pub broker_epoch: BrokerEpoch,
    pub next_producer_id: ProducerId,
}
