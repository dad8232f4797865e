use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Chooses what is logged, in `tracing`'s syntax: `info`, `ottla_raft=debug`.
const FILTER: &str = "OTTLA_LOG";

/// Logs to stderr, quietly: what somebody should look at, unless [`FILTER`] asks for more.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second node in the process keeps the first one's choice.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .with_ansi(stderr().is_terminal())
            .try_init(),
    );
}
