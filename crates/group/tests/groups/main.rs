//! The state machine of a partition of `__consumer_offsets` on its runtime.

mod members;
mod offsets;
mod partition;
#[path = "../consumer/topics.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "other tests change their topics"
)]
mod topics;
