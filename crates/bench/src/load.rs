//! Loads: a broker under requests, and what it takes to answer them.
//!
//! The lean generator speaks [`ottla_wire`] over sockets of its own, with a thread for many producers or one. Its batches are built once and
//! sent again and again, so that on a machine with few cores the broker is what is measured; how much of the machine it took
//! itself is part of what is printed. What users run costs more: that is librdkafka's load, which is there with the feature of
//! that name.

mod batch;
mod batches;
mod connection;
mod consumer;
mod drive;
mod fetch;
mod interval;
mod json;
#[cfg(feature = "librdkafka")]
mod librdkafka;
mod offsets;
mod pace;
mod patience;
mod produce;
mod produced;
mod producer;
mod progress;
mod report;
mod request;
mod stamp;
#[cfg(test)]
mod tests;
mod topic;
mod verify;
mod words;

use std::io;
use std::time::Duration;

use ottla_model::ErrorCode;
use ottla_wire::DecodeError;
use ottla_wire::records::BatchError;
use thiserror::Error;

pub(crate) use batch::build_batch;
pub(crate) use connection::{Connection, request_frame};
use interval::Outcome;
pub(crate) use interval::pause;
pub(crate) use offsets::{LATEST, list_offsets};
pub(crate) use patience::patiently;
pub(crate) use topic::{create_topic, topic_id};

use crate::process::Pid;
use crate::size::{GIB, MIB, Size};

/// Put a broker under a load, and print what it took.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Produce(produce::Arguments),
    Fetch(fetch::Arguments),
    #[cfg(feature = "librdkafka")]
    RdkafkaProduce(librdkafka::produce::Arguments),
    #[cfg(feature = "librdkafka")]
    RdkafkaFetch(librdkafka::fetch::Arguments),
}

/// What all loads are told.
#[derive(clap::Args)]
struct Target {
    /// Any broker of the cluster.
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "HOST:PORT")]
    bootstrap: String,
    /// The topic, which is created where it is missing.
    #[arg(long, default_value = "ottla-bench")]
    topic: String,
    /// Partitions of the topic if it is created.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// A config of the topic if it is created, for instance flush.messages=1; may be given several times.
    #[arg(long = "topic-config", value_name = "KEY=VALUE", value_parser = key_and_value)]
    topic_configs: Vec<(String, String)>,
    /// Delete the topic at the end. Its files go file.delete.delay.ms later, a minute by default, which costs the broker CPU time then.
    #[arg(long)]
    delete: bool,
    /// Bytes of batches that go by before anything is measured.
    #[arg(long, default_value_t = Size(256 * MIB), value_name = "SIZE")]
    warm_up: Size,
    /// Bytes of batches to measure.
    #[arg(long, default_value_t = Size(2 * GIB), value_name = "SIZE")]
    bytes: Size,
    /// Measure no longer than so many seconds.
    #[arg(long, value_parser = seconds, value_name = "SECONDS")]
    seconds: Option<Duration>,
    /// The broker's process on this machine: tells its CPU time and its memory too.
    #[arg(long, visible_alias = "pid", value_parser = crate::process::pid, value_name = "PID")]
    server_pid: Option<Pid>,
    /// Print what was measured as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[cfg(test)]
impl Default for Target {
    /// As the command line has it that says nothing.
    fn default() -> Self {
        use clap::{Args, FromArgMatches};
        let command = Self::augment_args(clap::Command::new("load"));
        let matches = command.get_matches_from(["load"]);
        Self::from_arg_matches(&matches).expect("every argument has a default")
    }
}

/// Why a load ended early.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("{0} is answered with bytes that are none: {1}")]
    Decode(&'static str, DecodeError),
    #[error("{what} is answered with {code}{detail}")]
    Refused {
        what: String,
        code: ErrorCode,
        /// What the broker says to it, with what separates it; or nothing.
        detail: String,
    },
    #[error("{api} is spoken in versions {ours} here and {theirs} there")]
    Versions {
        api: &'static str,
        ours: String,
        theirs: String,
    },
    #[error("a fetched batch is none: {0}")]
    Batch(#[from] BatchError),
    #[error("{0}")]
    Unfit(String),
}

impl LoadError {
    /// For `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Whether a broker has answered so.
    pub(crate) fn is(&self, expected: ErrorCode) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == expected)
    }

    /// Nothing where there is no error.
    pub(crate) fn check(
        what: impl FnOnce() -> String,
        code: ErrorCode,
        message: Option<&str>,
    ) -> Result<(), Self> {
        if code == ErrorCode::None {
            return Ok(());
        }
        Err(Self::Refused {
            what: what(),
            code,
            detail: message
                .map(|message| format!(": {message}"))
                .unwrap_or_default(),
        })
    }
}

pub(crate) fn run(command: &Command) -> Result<(), LoadError> {
    let (target, outcome) = carry_out(command);
    let deleted = if target.delete {
        topic::delete(target)
    } else {
        Ok(())
    };
    let outcome = outcome?;
    if target.json {
        println!("{}", json::of(&outcome));
    } else {
        report::print(&outcome);
    }
    deleted
}

fn carry_out(command: &Command) -> (&Target, Result<Outcome, LoadError>) {
    match command {
        Command::Produce(arguments) => (arguments.target(), produce::run(arguments)),
        Command::Fetch(arguments) => (arguments.target(), fetch::run(arguments)),
        #[cfg(feature = "librdkafka")]
        Command::RdkafkaProduce(arguments) => {
            (arguments.target(), librdkafka::produce::run(arguments))
        }
        #[cfg(feature = "librdkafka")]
        Command::RdkafkaFetch(arguments) => (arguments.target(), librdkafka::fetch::run(arguments)),
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("expected a key, = and a value")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a number of seconds above zero".to_owned())
}
