use ottla_model::{BrokerEpoch, NodeId};

use crate::{IntoOwned, Message};

/// A broker may lead again. Written by early releases.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 8, versions = 0, flexible = 0..)]
pub struct UnfenceBrokerRecord {
    pub id: NodeId,
    pub epoch: BrokerEpoch,
}
