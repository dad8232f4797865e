use ottla_model::{NodeId, Uuid};

use crate::{IntoOwned, Message, Struct};

/// The first record of an epoch: who leads, and who voted.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0..=1, flexible = 0..)]
pub struct LeaderChangeMessage {
    pub version: i16,
    pub leader_id: NodeId,
    pub voters: Vec<LeaderChangeVoter>,
    pub granting_voters: Vec<LeaderChangeVoter>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct LeaderChangeVoter {
    pub voter_id: NodeId,
    /// KIP-853.
    #[field(versions = 1..)]
    pub voter_directory_id: Uuid,
}
