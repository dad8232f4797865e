//! The runtime of a replicated state machine on a partition, for its leader.
//!
//! ```text
//! log ──▶ Loading ──▶ Coordinator ◀── request, deadline
//!                        │   ▲
//!                 append │   │ appended, or lost
//!                        ▼   │
//!                       partition
//! ```
//!
//! A [`StateMachine`] makes records and answers; the [`Coordinator`] has the records appended and lets the answers out when they are
//! committed. A step sees what the steps before it made, committed or not; of what is not, nobody outside is told.
//!
//! At most one batch is on its way to the log. What steps make meanwhile shares the next one, and if one is lost, all that was built on
//! it is, too: the state goes back to the committed one.

mod coordinator;
mod loading;
mod state_machine;
mod step;
mod uncommitted;

pub use coordinator::{Coordinator, Options, Outputs};
pub use loading::{LoadError, Loading};
pub use state_machine::{EncodedRecord, StateMachine, States, StepOf};
pub use step::{Now, Step, Ticket};
