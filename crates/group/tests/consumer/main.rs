//! What consumer groups make of requests, one after the other.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets another answer has failed"
)]

mod assignors;
mod coordinator;
mod describe;
mod fencing;
mod join;
mod leave;
mod model;
mod offsets;
mod reconcile;
mod regexes;
mod replay;
mod static_members;
mod topics;
