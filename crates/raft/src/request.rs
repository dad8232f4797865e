//! What a voter is asked over the controllers' listeners, and what it answers. Whether the request is about this cluster and this
//! log has been looked at before.

use std::sync::Arc;

use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, NodeId, Offset};

use crate::position::Position;
use crate::voter::{Endpoint, ReplicaKey, Voter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Vote(Vote),
    BeginQuorumEpoch(BeginQuorumEpoch),
    EndQuorumEpoch(EndQuorumEpoch),
    /// Whether a snapshot may be read here by somebody who believes in this epoch.
    FetchSnapshot {
        epoch: LeaderEpoch,
    },
    DescribeQuorum,
}

/// A candidate asks for a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Whom the request is meant for.
    pub voter: ReplicaKey,
    pub candidate: ReplicaKey,
    pub epoch: LeaderEpoch,
    /// Of the candidate's last batch.
    pub last_epoch: LeaderEpoch,
    /// The end of the candidate's log.
    pub end: Offset,
    /// Whether the candidate only asks if it would be voted for (KIP-996).
    pub is_pre_vote: bool,
}

/// A leader makes itself known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginQuorumEpoch {
    /// Whom the request is meant for.
    pub voter: ReplicaKey,
    pub leader: NodeId,
    pub epoch: LeaderEpoch,
    /// The leader's. Older ones leave it to be looked up among the voters.
    pub endpoints: Vec<Endpoint>,
}

/// A leader goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndQuorumEpoch {
    pub leader: NodeId,
    pub epoch: LeaderEpoch,
    pub endpoints: Vec<Endpoint>,
}

/// A replica asks for what follows its log, and thereby says how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// With a negative id a reader that is no replica.
    pub replica: ReplicaKey,
    /// The epoch it believes in.
    pub epoch: LeaderEpoch,
    /// The end of its log.
    pub offset: Offset,
    /// Of its last batch; 0 for an empty log.
    pub last_epoch: LeaderEpoch,
    pub max_wait_ms: i32,
}

/// Every request has one, in the same step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: ErrorCode,
    /// -1 where nobody is known to lead.
    pub leader: NodeId,
    pub epoch: LeaderEpoch,
    /// The leader's, if it is another node.
    pub endpoints: Arc<[Endpoint]>,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An error, or nothing to say but who leads.
    None,
    Vote {
        is_granted: bool,
    },
    Fetch(Fetched),
    DescribeQuorum(Description),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub high_watermark: Option<Offset>,
    /// Up to where the log may be read.
    pub end: Offset,
    pub position: Position,
}

/// The quorum as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub high_watermark: Option<Offset>,
    pub voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
    pub members: Vec<Voter>,
}

/// What the leader knows of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    pub replica: ReplicaKey,
    pub end: Offset,
    pub last_fetch: Monotonic,
    /// When it last had all that the leader had. `None` for never.
    pub last_caught_up: Option<Monotonic>,
}
