//! The decisions of a KRaft quorum (KIP-595, KIP-853) on the metadata log. Pure: inputs in, outputs out.
//!
//! Complete for a quorum whose one voter is this node; a set of voters with others in it is refused at the start.

pub mod checkpoint;
mod quorum;
pub mod quorum_state;

pub use quorum::{Input, NotSoleVoter, Options, Output, Outputs, Raft, Voter};
pub use quorum_state::QuorumState;
