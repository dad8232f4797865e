//! `ottla-sim [--seeds N] [--seed S] [--scenario NAME]`: plays the scenarios under many seeds. A seed that fails is printed with the
//! command that plays it again, to the same end.

use std::io::stderr;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use ottla_sim::scenario::{Failure, Played, SCENARIOS, Scenario};
use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

/// Chooses what is told of a run, in `tracing`'s syntax; nothing unless it is set.
const FILTER: &str = "RUST_LOG";

#[derive(Parser)]
struct Arguments {
    /// How many seeds to play.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only this one.
    #[arg(long, value_parser = PossibleValuesParser::new(SCENARIOS.iter().map(|scenario| scenario.name)))]
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
    let playing = tell_of_panics();
    let only = arguments.scenario.as_deref();
    let mut failed = false;
    for scenario in SCENARIOS
        .iter()
        .filter(|scenario| only.is_none_or(|only| only == scenario.name))
    {
        let seeds = arguments.seed..arguments.seed.saturating_add(arguments.seeds);
        println!(
            "{}: {} seeds from {} on",
            scenario.name, arguments.seeds, seeds.start
        );
        let (mut passed, mut judged) = (0_u64, 0);
        for seed in seeds.clone() {
            *playing.lock() = Some((scenario.name, seed));
            match play(scenario, seed, seed == seeds.start) {
                Ok(played) => {
                    passed += 1;
                    judged += played.judged;
                }
                Err(problem) => {
                    failed = true;
                    println!(
                        "seed {seed} FAILED: {problem}\n  {}",
                        again(scenario.name, seed)
                    );
                }
            }
        }
        println!("{}: {passed} passed, {judged} facts judged", scenario.name);
        if passed > 0 && judged == 0 {
            failed = true;
            println!("{}: FAILED: nothing was judged", scenario.name);
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Plays a seed, and where asked once more: both must go the same way.
fn play(scenario: &Scenario, seed: u64, twice: bool) -> Result<Played, String> {
    let first = (scenario.play)(seed);
    if twice && (scenario.play)(seed) != first {
        return Err("played again it went otherwise".to_owned());
    }
    first.map_err(|failure: Failure| failure.to_string())
}

fn again(scenario: &str, seed: u64) -> String {
    format!(
        "again: cargo run --release -p ottla-sim -- --scenario {scenario} --seed {seed} --seeds 1"
    )
}

/// A panic ends everything: the seed that is being played is told with it.
fn tell_of_panics() -> Arc<Mutex<Option<(&'static str, u64)>>> {
    let playing: Arc<Mutex<Option<(&'static str, u64)>>> = Arc::default();
    let told = Arc::clone(&playing);
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print(panic);
        if let Some((scenario, seed)) = *told.lock() {
            println!(
                "seed {seed} FAILED: it panicked\n  {}",
                again(scenario, seed)
            );
        }
    }));
    playing
}
