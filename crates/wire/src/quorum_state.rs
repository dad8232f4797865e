//! What a voter must not forget between an answer and a crash.

use ottla_model::{LeaderEpoch, NodeId, Offset, Uuid};

use crate::{IntoOwned, Message, Str, Struct};

/// The table of the file `quorum-state`, which holds it as JSON and not in these bytes.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0..=1, flexible = 0..)]
pub struct QuorumStateData<'a> {
    #[field(versions = 0)]
    pub cluster_id: Str<'a>,
    #[field(default = NodeId::NONE)]
    pub leader_id: NodeId,
    #[field(default = LeaderEpoch::NONE)]
    pub leader_epoch: LeaderEpoch,
    #[field(default = NodeId::NONE)]
    pub voted_id: NodeId,
    /// KIP-853.
    #[field(versions = 1..)]
    pub voted_directory_id: Uuid,
    #[field(versions = 0)]
    pub applied_offset: Offset,
    #[field(versions = 0)]
    pub current_voters: Option<Vec<QuorumStateVoter>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct QuorumStateVoter {
    #[field(versions = 0)]
    pub voter_id: NodeId,
}
