//! The protocol of KIP-848: the coordinator assigns, and members follow with their heartbeats.
//!
//! A [`ConsumerGroup`] is what the records of its log say. A request makes records and an answer ([`Outcome`]), and nothing else happens
//! until the records are replayed. What is not replicated, the [`GroupTimers`], stands beside the group.

pub mod assignor;
mod change;
mod classic_members;
mod context;
mod describe;
mod downgrade;
mod embedded_protocol;
mod epoch;
mod group;
mod heartbeat;
mod leave;
mod member;
mod membership;
mod metadata_hash;
mod offsets;
mod ownership;
mod partitions;
mod reconcile;
mod records;
mod regex;
mod rejection;
mod replay;
mod request;
mod settings;
mod tally;
mod target;
mod timers;
mod topics_view;
mod upgrade;

pub use context::{Caller, Context, Outcome};
pub use epoch::Epoch;
pub use group::{ConsumerGroup, GroupState, ResolvedRegex};
pub use member::{Member, MemberState};
pub use offsets::CommitPermit;
pub use partitions::{Assignment, Partitions};
pub use rejection::Rejection;
pub use request::check;
pub use settings::{ConsumerSettings, MigrationPolicy};
pub use timers::GroupTimers;
pub use topics_view::TopicsView;
