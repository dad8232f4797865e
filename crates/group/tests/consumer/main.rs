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
#[path = "../model/seeds.rs"]
mod seeds;
mod static_members;
mod topics;
