//! `ottla-sim --seeds N [--seed S] [--scenario NAME]`: plays the scenarios under many seeds. A seed that fails is printed with the
//! command that plays it again, to the same end.

use std::io::stderr;
use std::process::ExitCode;

use clap::Parser;
use ottla_sim::scenario::{Failure, Played, broker, journal, log};
use tracing_subscriber::EnvFilter;

/// Chooses what is told of a run, in `tracing`'s syntax; nothing unless it is set.
const FILTER: &str = "OTTLA_LOG";

/// A scenario by its name.
type Scenario = (&'static str, fn(u64) -> Result<Played, Failure>);

const SCENARIOS: &[Scenario] = &[
    ("journal", |seed| {
        journal::play(seed, journal::Server::Careful)
    }),
    ("log", |seed| log::play(seed, log::Promise::WhenSynced)),
    ("broker", |seed| {
        broker::play(seed, broker::Planted::Nothing)
    }),
];

#[derive(Parser)]
struct Arguments {
    /// How many seeds to play.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only this one.
    #[arg(long)]
    scenario: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Ok(filter) = EnvFilter::try_from_env(FILTER) {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .without_time()
            .init();
    }
    let mut failed = 0_u64;
    let wanted = |name: &str| {
        let only = arguments.scenario.as_deref();
        only.is_none_or(|only| only == name)
    };
    for (name, play) in SCENARIOS.iter().filter(|(name, _)| wanted(name)) {
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
