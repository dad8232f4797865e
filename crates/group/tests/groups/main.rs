//! The state machine of a partition of `__consumer_offsets` on its runtime.

mod members;
mod offsets;
mod partition;
