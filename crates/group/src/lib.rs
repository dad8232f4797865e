//! The groups of consumers, as state machines on the partitions of `__consumer_offsets`.

pub mod classic;
pub mod consumer;
mod groups;
mod kind;
mod listing;
pub mod offsets;
mod request;
mod state;

pub use groups::{Context, Groups, Settings};
pub use listing::{GroupFilter, ListedGroup};
pub use request::{Answer, MemberClaim, Reply, Request};
pub use state::State;
