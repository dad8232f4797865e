//! Classic groups, seen as their members see them.

#![expect(clippy::panic, reason = "a test that meets another answer has failed")]

mod commit;
mod coordinator;
mod join;
mod judge;
mod leave;
mod model;
mod record;
#[path = "../model/seeds.rs"]
mod seeds;
mod size;
mod static_member;
mod sync;
mod timeouts;
