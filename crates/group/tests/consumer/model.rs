//! Clients that come, go, die, change their minds and miss answers, while topics change and the coordinator moves.
//!
//! `CONSUMER_GROUP_STEPS` says how many steps are taken, `CONSUMER_GROUP_SEED` with which seed.

mod client;
mod compaction;
mod world;

use world::World;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
fn whatever_happens_each_partition_has_one_owner_and_in_the_end_every_one_has() {
    let steps = from_environment("CONSUMER_GROUP_STEPS", 20_000);
    let mut seed = from_environment("CONSUMER_GROUP_SEED", 1);
    let mut left = steps;
    while left > 0 {
        let steps = left.min(2_000);
        World::new(seed).run(steps);
        left -= steps;
        seed += 1;
    }
}
