//! What the members of a classic group of consumers tell each other through the coordinator, which mostly passes it on.
//!
//! Each stands [behind its version](crate::version_prefix), and one of a later version is read as the newest of ours.

mod assignment;
mod subscription;

pub use assignment::{AssignedPartitions, ConsumerProtocolAssignment};
pub use subscription::{ConsumerProtocolSubscription, OwnedPartitions};

use crate::Message;
use crate::schema::MessageSchema;

/// The tables of both.
pub const SCHEMAS: &[MessageSchema] = &[
    ConsumerProtocolSubscription::SCHEMA,
    ConsumerProtocolAssignment::SCHEMA,
];
