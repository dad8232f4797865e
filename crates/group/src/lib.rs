//! The groups of consumers, as state machines on the partitions of `__consumer_offsets`.

pub mod classic;
mod classic_groups;
pub mod consumer;
mod deleted_topics;
mod groups;
mod kind;
mod listing;
pub mod offsets;
mod request;
mod retention;
mod state;

pub use classic_groups::GroupWrite;
pub use groups::{Context, Groups, Settings};
pub use listing::GroupFilter;
pub use request::{Answer, MemberClaim, Reply, Request};
pub use state::State;
