//! Groups of both kinds, and their ways from one to the other while they have members.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets another answer has failed"
)]

mod downgrade;
mod kinds;
mod model;
mod partition;
#[path = "../model/seeds.rs"]
mod seeds;
#[path = "../consumer/topics.rs"]
#[expect(dead_code, reason = "other tests change their topics")]
mod topics;
mod upgrade;
