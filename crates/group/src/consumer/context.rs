//! What a step of a group is told, and what comes out of it.

use ottla_model::{Monotonic, Timestamp};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;

use super::{ConsumerSettings, TopicsView};

/// The world at the moment of a step.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub topics: &'a dyn TopicsView,
    /// Of the group at hand.
    pub settings: &'a ConsumerSettings,
    /// For timeouts.
    pub now: Monotonic,
    /// For what is written down.
    pub wall_clock: Timestamp,
}

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub client_id: &'a str,
    /// As Kafka writes an address: `/127.0.0.1`.
    pub client_host: &'a str,
    /// For a member that brings none.
    pub fresh_member_id: &'a str,
}

/// What a step wants done: records to append and, once they are committed, an answer to give.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<Answer> {
    /// One batch; empty if nothing changes.
    pub records: Vec<GroupRecord<'static>>,
    pub answer: Answer,
    /// The records turn the group into this classic one.
    pub downgrade: Option<GroupMetadataValue<'static>>,
}

impl<Answer> Outcome<Answer> {
    pub(super) fn unchanged(answer: Answer) -> Self {
        Self::new(Vec::new(), answer)
    }

    pub(super) fn new(records: Vec<GroupRecord<'static>>, answer: Answer) -> Self {
        Self {
            records,
            answer,
            downgrade: None,
        }
    }
}
