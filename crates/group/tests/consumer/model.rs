//! Clients that come, go, die, change their minds and miss answers, while topics change and the coordinator moves.
//!
//! `STEPS=1000000 cargo test -p ottla-group --test consumer --release model` explores; `SEED` plays one run again.

mod client;
mod compaction;
mod world;

use crate::seeds::play_seeds;
use world::World;

/// Steps of one run.
const STEPS_OF_A_RUN: u64 = 2_000;
/// All steps, unless `STEPS` says otherwise.
const STEPS: u64 = 20_000;

#[test]
fn whatever_happens_each_partition_has_one_owner_and_in_the_end_every_one_has() {
    play_seeds(STEPS, |seed| {
        World::new(seed).run(STEPS_OF_A_RUN);
        STEPS_OF_A_RUN
    });
}
