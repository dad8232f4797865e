//! The decisions of a KRaft quorum (KIP-595, KIP-853, KIP-996) on the metadata log. Pure: inputs and time in, outputs out.
//!
//! Complete for a quorum whose one voter is this node, with any number of observers; a set of voters with others in it is refused at
//! the start.

pub mod checkpoint;
mod membership;
mod observers;
mod position;
mod quorum;
pub mod quorum_state;
mod request;
mod snapshots;
mod voter;

pub use membership::Membership;
pub use position::{LogView, Position};
pub use quorum::{Input, NotSoleVoter, Options, Output, Outputs, Raft};
pub use quorum_state::QuorumState;
pub use request::{
    Answer, BeginQuorumEpoch, Body, Description, EndQuorumEpoch, Fetch, Fetched, ReplicaState,
    Request, Vote,
};
pub use snapshots::{Snapshot, SnapshotOptions, Snapshots};
pub use voter::{Endpoint, MAX_KRAFT_VERSION, ReplicaKey, Voter};
