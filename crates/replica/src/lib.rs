//! The decisions of a partition's leader: whose batch is taken, how far the high watermark is, who is answered when it moves, when the
//! log is synced. Pure: inputs in, outputs out.
//!
//! Complete for a partition whose one replica is this leader.

mod leader;

pub use leader::{Acks, Input, Leader, Leadership, Options, Output, Outputs, Refusal};
