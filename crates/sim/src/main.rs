//! `ottla-sim --seeds N [--seed S]`: plays the scenarios under many seeds. A seed that fails is printed, and fails again.

use std::process::ExitCode;

use clap::Parser;
use ottla_sim::scenario::{Failure, Played, journal, log};

/// A scenario by its name.
type Scenario = (&'static str, fn(u64) -> Result<Played, Failure>);

const SCENARIOS: &[Scenario] = &[
    ("journal", |seed| {
        journal::play(seed, journal::Server::Careful)
    }),
    ("log", |seed| log::play(seed, log::Promise::WhenSynced)),
];

#[derive(Parser)]
struct Arguments {
    /// How many seeds to play.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut failed = 0_u64;
    for (name, play) in SCENARIOS {
        for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
            let first = play(seed);
            match &first {
                Ok(played) => println!(
                    "{name} seed {seed}: trace {:016x}, {} facts judged",
                    played.trace, played.judged
                ),
                Err(failure) => {
                    println!("{name} seed {seed}: FAILED: {failure}");
                    failed += 1;
                }
            }
            if seed == arguments.seed && play(seed) != first {
                println!("{name} seed {seed}: FAILED: played again it went otherwise");
                failed += 1;
            }
        }
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
