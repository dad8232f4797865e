//! `ottla`: arguments and composition, nothing else.

mod log;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Apache Kafka as one small binary. Without a command: a node of its own, its data in ./ottla-data.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "RUST_LOG chooses what is logged, for instance `info` or `warn,ottla_log=debug`; by default only what somebody should look at is.\n\
                  kafka-configs --entity-type broker-loggers changes it while the node runs."
)]
struct Arguments {
    #[command(flatten)]
    log: log::LogArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run a node with a server.properties file.
    Server {
        /// The node's server.properties.
        file: PathBuf,
        /// Set a key over what the file says; may be given several times.
        #[arg(long = "override", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
    },
    /// Format data directories, and look at them.
    Storage(ottla_cli::storage::Arguments),
}

fn main() -> ExitCode {
    let Arguments { log, command } = Arguments::parse();
    let outcome = match command {
        None => server::run_default(&log.output()),
        Some(Command::Server { file, overrides }) => server::run(&file, &overrides, &log.output()),
        Some(Command::Storage(arguments)) => return ottla_cli::storage::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ottla: {message}");
            ExitCode::FAILURE
        }
    }
}
