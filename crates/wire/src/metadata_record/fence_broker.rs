use ottla_model::{BrokerEpoch, NodeId};

use crate::{IntoOwned, Message};

/// A broker may lead nothing. Written by early releases.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 7, versions = 0, flexible = 0..)]
pub struct FenceBrokerRecord {
    pub id: NodeId,
    pub epoch: BrokerEpoch,
}
