//! `ottla-bench`: what a broker costs, beside what any broker must cost on the same machine.

mod compare;
mod echo;
mod framing;
mod groups;
mod limit;
mod load;
mod micro;
mod process;
mod room;
mod size;
mod spread;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures a broker, Ottla or Apache Kafka, and the bare loops that no broker can beat on the same machine.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compare(compare::Arguments),
    Groups(groups::Arguments),
    Limit(limit::Arguments),
    #[command(subcommand)]
    Load(load::Command),
    /// What latencies are compared with.
    #[command(hide = true)]
    Echo(echo::Arguments),
    Micro(micro::Arguments),
    /// The other end of the loops of `limit`, which starts it.
    #[command(hide = true)]
    LimitPeer(limit::PeerArguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Compare(arguments) => compare::run(&arguments).map_err(|error| error.to_string()),
        Command::Groups(arguments) => groups::run(&arguments).map_err(|error| error.to_string()),
        Command::Limit(arguments) => limit::run(&arguments).map_err(|error| error.to_string()),
        Command::Load(command) => load::run(&command).map_err(|error| error.to_string()),
        Command::Echo(arguments) => echo::run(&arguments).map_err(|error| error.to_string()),
        Command::Micro(arguments) => micro::run(&arguments).map_err(|error| error.to_string()),
        Command::LimitPeer(arguments) => {
            limit::run_peer(&arguments).map_err(|error| error.to_string())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ottla-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether this program would take these words as its arguments.
#[cfg(test)]
fn understands<'a>(words: impl Iterator<Item = &'a str>) -> Result<(), clap::Error> {
    Arguments::try_parse_from(std::iter::once("ottla-bench").chain(words)).map(drop)
}
