//! Ottla beside Apache Kafka: the same loads, on the same machine, in turn.
//!
//! Each product gets a node on a fresh directory in every round, and is warmed up before anything is measured. A load is a process of
//! its own, so that what it takes is not counted to anybody else. What is measured is written down as it comes; the page with
//! its tables and plots is made of that file and can be made again.

mod bare_loop;
mod bars;
mod cargo;
mod cases;
mod echo;
mod figure_text;
mod life;
mod load;
mod machine;
mod members;
mod node;
mod page;
mod partitions;
mod plot;
mod product;
mod progress;
mod results;
mod rounds;
mod session;
mod site;
mod table;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use self::cases::{Case, Group};
use self::machine::Machine;
use self::product::{Kafka, Ottla};
use self::progress::Progress;
use self::results::{Recorder, Results};
use self::rounds::Rounds;
use self::site::Site;
use crate::load::LoadError;
use crate::size::{GIB, Size};

/// Compare Ottla with Apache Kafka: CPU time, throughput, latency, memory, starts.
///
/// Starts both in turn, each on a directory of its own that is removed afterwards, puts the same loads on them, and writes tables and
/// plots. Takes about an hour for five rounds of everything; --only makes it shorter.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Cases or groups of cases to run, by name; default: all.
    #[arg(long, value_delimiter = ',', num_args = 1.., value_name = "CASE|GROUP")]
    only: Vec<String>,
    /// Show the cases by group, and run nothing.
    #[arg(long)]
    list: bool,
    /// Rounds; in each, every case is run on both.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Rounds of the cases that restart nodes with many partitions, which take Apache Kafka minutes.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    restart_rounds: u16,
    /// Measure each load for so many seconds, in place of what its case says.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: Option<u16>,
    /// Bytes that go through a node of Apache Kafka before anything is measured; an eighth of them through one of Ottla.
    #[arg(long, default_value_t = Size(3 * GIB), value_name = "SIZE")]
    peer_warm_up: Size,
    /// The binary of Ottla; default: that of this workspace, which is built first.
    #[arg(long, value_name = "PATH")]
    ottla: Option<PathBuf>,
    /// The wrapper that starts Apache Kafka and its tools by their names; default: conformance/peer/kafka.
    #[arg(long, value_name = "PATH")]
    kafka: Option<PathBuf>,
    /// Where the brokers' directories are made, on the file system that is to be measured; default: the workspace's target/.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Where results and plots go; the page is the Markdown file of the same name, of which only the part between its markers is
    /// written anew. Default: target/compare in the workspace.
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Add to the results that are there, in place of beginning anew.
    #[arg(long)]
    append: bool,
    /// Run nothing, but make page and plots of these results.
    #[arg(long, value_name = "FILE")]
    render: Option<PathBuf>,
}

/// Why a comparison came to nothing.
#[derive(Debug, Error)]
pub(crate) enum CompareError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}")]
    Failed(String),
}

impl CompareError {
    /// For `map_err`.
    fn io(what: impl FnOnce() -> String) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io {
            what: what(),
            source,
        }
    }
}

/// The file of results, in the directory of a comparison.
const RESULTS: &str = "results.jsonl";

pub(crate) fn run(arguments: &Arguments) -> Result<(), CompareError> {
    let cases = cases::chosen(&arguments.only).map_err(CompareError::Failed)?;
    if arguments.list {
        list(&cases);
        return Ok(());
    }
    let target = cargo::workspace().join("target");
    let out = arguments.out.clone().unwrap_or(target.join("compare"));
    if let Some(results) = &arguments.render {
        return render(&Results::read(results)?, &out);
    }
    if cases.iter().any(|case| case.needs_librdkafka()) && !cfg!(feature = "librdkafka") {
        return Err(cargo::run_again_with_librdkafka());
    }
    let ottla = Ottla {
        binary: match &arguments.ottla {
            Some(path) => absolute(path)?,
            None => cargo::build_ottla()?,
        },
    };
    let kafka = Kafka {
        wrapper: match &arguments.kafka {
            Some(path) => absolute(path)?,
            None => cargo::workspace().join("conformance/peer/kafka"),
        },
    };
    std::fs::create_dir_all(&out).map_err(CompareError::io(|| out.display().to_string()))?;
    let mut recorder = Recorder::open(&out.join(RESULTS), arguments.append)?;
    recorder.machine(Machine::here(&version(&kafka)?))?;
    let parent = arguments.directory.clone().unwrap_or(target);
    let site = Site::open(&parent)?;
    let mut rounds = Rounds {
        site: &site,
        products: [&ottla, &kafka],
        cases,
        rounds: arguments.rounds.into(),
        restart_rounds: arguments.restart_rounds.into(),
        seconds: arguments.seconds,
        peer_warm_up: arguments.peer_warm_up,
        recorder,
        progress: Progress::new(),
    };
    let outcome = rounds.run();
    // Also of rounds that were broken off: what there is was measured.
    render(&rounds.recorder.results, &out)?;
    outcome?;
    match rounds.recorder.results.failures.len() {
        0 => Ok(()),
        failed => Err(CompareError::Failed(format!(
            "{failed} measurements have failed"
        ))),
    }
}

fn list(cases: &[&Case]) {
    for group in Group::ALL {
        for case in
            cases::in_group(group).filter(|case| cases.iter().any(|one| one.name == case.name))
        {
            println!("{:<10} {:<18} {}", group.name(), case.name, case.title);
        }
    }
}

fn render(results: &Results, out: &Path) -> Result<(), CompareError> {
    std::fs::create_dir_all(out).map_err(CompareError::io(|| out.display().to_string()))?;
    let page = page::write(results, out)?;
    println!("{}", page.display());
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, CompareError> {
    path.canonicalize()
        .map_err(CompareError::io(|| path.display().to_string()))
}

/// What the peer calls itself. Fetches it, too, if it is not here yet.
fn version(kafka: &Kafka) -> Result<String, CompareError> {
    let output = Command::new(&kafka.wrapper)
        .args(["broker-api-versions", "--version"])
        .output()
        .map_err(CompareError::io(|| kafka.wrapper.display().to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.split_ascii_whitespace().next() {
        Some(version) if output.status.success() => Ok(format!("Apache Kafka {version}")),
        _ => Err(CompareError::Failed(format!(
            "{} does not tell its version: {}",
            kafka.wrapper.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}
