//! What one step of a state machine wants done.

use ottla_model::{Monotonic, Timestamp};

/// Names a request that waits for its answer, for as long as the coordinator is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The time of a step: the date for what is written down, the other for timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub wall: Timestamp,
    pub monotonic: Monotonic,
}

/// Collects what a step of a state machine brings about. Answers of a step that has records go out when these are committed, those of
/// one that has none at once.
#[derive(Debug)]
pub struct Step<Record, Answer> {
    /// One batch of the partition.
    pub records: Vec<Record>,
    pub answers: Vec<(Ticket, Answer)>,
    /// The answers tell of the newest state, and go out when all that made it is committed.
    pub shows_newest: bool,
}

impl<Record, Answer> Default for Step<Record, Answer> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            answers: Vec::new(),
            shows_newest: false,
        }
    }
}
