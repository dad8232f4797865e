//! The classic protocol: members join, their leader assigns, and all learn their part.
//!
//! ```text
//!            first join                all joined, or time is up
//!   Empty ───────────────▶ Preparing ─────────────────────────────▶ Completing
//!     ▲                     ▲     ▲                                  │     │
//!     └─────────────────────┘     └──────────────────────────────────┘     │ the leader's assignment
//!         nobody came             a member joins, leaves, fails             ▼ is committed
//!                                 └────────────────────────────────────  Stable
//! ```
//!
//! A [`ClassicGroup`] is a state machine of one group: requests, time and the fate of its records come in, answers and records go out
//! into a [`Step`]. What is written down is the group after each sync, and that it is empty: a restart knows the last generation that
//! became stable. Who waits, and for how long, is known here alone.

mod answer;
mod append;
mod commit;
mod expire;
mod group;
mod heartbeat;
mod join;
mod leave;
mod load;
mod member;
mod members;
mod migration;
mod phase;
mod rebalance;
mod record;
mod request;
mod sessions;
mod settings;
mod static_member;
mod subscription;
mod sync;
mod view;
mod vote;

pub use answer::{Answer, JoinAnswer, LeaveAnswer, Left, SyncAnswer};
pub use append::{Write, append_error};
pub use group::ClassicGroup;
pub use load::InvalidGroup;
pub(crate) use member::{Member, Terms};
pub use phase::State;
pub use record::GROUP_METADATA_VERSION;
pub use request::{Heartbeat, Join, Leave, Sync};
pub use settings::ClassicSettings;

use ottla_wire::coordinator_record::GroupRecord;

/// The effects of a step of a classic group. It has at most one record.
pub type Step = ottla_coordinator::Step<GroupRecord<'static>, Answer>;
