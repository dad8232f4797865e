//! The server that answers at once and keeps nothing: what a latency is without a broker.

use std::process::{Command, Stdio};
use std::time::Duration;

use ottla_env::Clock;
use ottla_runtime::RealClock;

use super::CompareError;
use super::site::{Process, Site};
use crate::load::pause;

const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Ends with this value.
pub(super) struct Echo {
    /// Only held: while it is, the server runs.
    _process: Process,
    bootstrap: String,
}

impl Echo {
    pub(super) fn start(site: &Site, partitions: u32) -> Result<Self, CompareError> {
        let program =
            std::env::current_exe().map_err(CompareError::io(|| "this program".to_owned()))?;
        let mut command = Command::new(program);
        command
            .args(["echo", "--listen=127.0.0.1:0"])
            .arg(format!("--partitions={partitions}"))
            // It ends when this does.
            .stdin(Stdio::piped());
        let process = site.spawn_with_input("echo", &mut command)?;
        let clock = RealClock::new();
        let deadline = clock.monotonic() + PATIENCE;
        while clock.monotonic() < deadline {
            let text = std::fs::read_to_string(&process.output)
                .map_err(CompareError::io(|| process.output.display().to_string()))?;
            if let Some(bootstrap) = text.strip_suffix('\n') {
                return Ok(Self {
                    bootstrap: bootstrap.to_owned(),
                    _process: process,
                });
            }
            pause(BETWEEN_LOOKS);
        }
        let problem = format!("the echo server does not listen: {}", process.complaint());
        Err(CompareError::Failed(problem))
    }

    pub(super) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }
}
