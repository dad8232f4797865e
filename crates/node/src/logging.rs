use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Chooses what is logged, in `tracing`'s syntax: `info`, `ottla_raft=debug`.
const FILTER: &str = "RUST_LOG";
/// What somebody should look at.
const QUIET: &str = "warn";

/// Logs to stderr, quietly unless [`FILTER`] asks for more.
pub(crate) fn start() {
    let asked = std::env::var(FILTER).unwrap_or_default();
    let filter = match asked.as_str() {
        "" => Ok(EnvFilter::new(QUIET)),
        asked => EnvFilter::try_new(asked),
    };
    let problem = filter.as_ref().err().map(ToString::to_string);
    // A second node in the process keeps the first one's choice.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new(QUIET)))
            .with_writer(stderr)
            .with_ansi(stderr().is_terminal())
            .try_init(),
    );
    if let Some(problem) = problem {
        tracing::warn!("{FILTER}: expected a level or target=level, found {asked:?}: {problem}");
    }
}
