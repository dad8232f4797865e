//! The log of the process: what is logged, where to, and how it is written.

mod levels;
mod rotation;

use std::io::{self, IsTerminal, stderr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use ottla_broker::{Loggers, NoLoggers};
use tracing::Subscriber;
use tracing::subscriber::set_global_default;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use levels::{Levels, Seen};
pub use rotation::{LogFile, RotateAt};

/// Chooses what is logged, in `tracing`'s syntax: `info`, `ottla_raft=debug`.
const FILTER: &str = "RUST_LOG";
/// What somebody should look at, and the metrics of clients, of which nothing is said where `client.telemetry.export` is not set.
const QUIET: &str = "warn,ottla_broker::telemetry=info";

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object for each event, with its fields.
    Json,
}

/// Where the log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOutput {
    /// `None` for stderr.
    pub file: Option<LogFile>,
    pub format: LogFormat,
}

/// The log file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct LogFileError {
    path: PathBuf,
    error: io::Error,
}

/// A second node in the process shares the first one's.
static LOGGERS: OnceLock<Arc<Levels>> = OnceLock::new();

/// Logs from now on, quietly unless [`FILTER`] asks for more. Gives whoever can change that while the process runs.
pub(crate) fn start(output: &LogOutput) -> Result<Arc<dyn Loggers>, LogFileError> {
    let asked = std::env::var(FILTER).unwrap_or_default();
    let (targets, problem) = match asked.as_str() {
        "" => (quiet(), None),
        asked => match asked.parse::<Targets>() {
            Ok(targets) => (targets, None),
            Err(problem) => (quiet(), Some(problem.to_string())),
        },
    };
    let loggers = install(targets, output)?;
    if let Some(problem) = problem {
        tracing::warn!("{FILTER}: expected a level or target=level, found {asked:?}: {problem}");
    }
    Ok(loggers)
}

fn quiet() -> Targets {
    QUIET.parse().expect("it is in its syntax")
}

fn install(targets: Targets, output: &LogOutput) -> Result<Arc<dyn Loggers>, LogFileError> {
    if let Some(loggers) = LOGGERS.get() {
        return Ok(Arc::clone(loggers) as Arc<dyn Loggers>);
    }
    let (levels, filter) = Levels::new(&targets);
    let levels = Arc::new(levels);
    let seen = Seen(Arc::clone(&levels));
    let registry = tracing_subscriber::registry().with(filter);
    let installed = match &output.file {
        None => {
            let lines = lines(output.format, stderr, stderr().is_terminal());
            set_global_default(registry.with(lines).with(seen))
        }
        Some(file) => {
            let writer = file.open().map_err(|error| LogFileError {
                path: file.path.clone(),
                error,
            })?;
            let lines = lines(output.format, Mutex::new(writer), false);
            set_global_default(registry.with(lines).with(seen))
        }
    };
    Ok(match installed {
        Ok(()) => LOGGERS.get_or_init(|| levels).clone(),
        // Whoever embeds the node logs in its own way.
        Err(_) => Arc::new(NoLoggers),
    })
}

fn lines<S, W>(format: LogFormat, writer: W, is_terminal: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => lines.with_ansi(is_terminal).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}
