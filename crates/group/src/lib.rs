//! The groups of consumers, as state machines on the partitions of `__consumer_offsets`.

pub mod classic;
mod classic_groups;
pub mod consumer;
mod consumer_configs;
mod consumer_groups;
mod deleted_topics;
mod groups;
mod kind;
mod listing;
mod migration;
pub mod offsets;
mod owned;
mod request;
mod retention;
mod state;
mod vote;

pub use classic_groups::GroupWrite;
pub use consumer_configs::{ConsumerConfigs, ConsumerOverrides};
pub use consumer_groups::{ConsumerHeartbeat, SharedTopics};
pub use groups::{Context, Groups, Settings};
pub use listing::GroupFilter;
pub use request::{Answer, MemberClaim, Reply, Request};
pub use state::State;
