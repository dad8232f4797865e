//! The runtime of a replicated state machine on a partition.

mod step;

pub use step::{Now, Step, Ticket};
