//! The broker on the real runtime: from start to the signal that stops it.

mod descriptors;
mod logging;
mod signals;

use std::io;

use ottla_broker::Broker;
use ottla_config::ServerConfig;
use ottla_runtime::Runtime;
use thiserror::Error;

use signals::Signals;

/// Why the node did not run.
#[derive(Debug, Error)]
pub enum RunError {
    #[error("the runtime did not start: {0}")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    Start(#[from] ottla_broker::StartError),
}

/// Runs a node until SIGTERM or SIGINT has stopped it cleanly; a second signal ends the process at once.
/// `started` is called when clients can connect.
pub fn run(config: ServerConfig, started: impl FnOnce()) -> Result<(), RunError> {
    logging::start();
    descriptors::raise_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("ottla")
        .build()?;
    let env = Runtime::new(runtime.handle().clone());
    let outcome = runtime.block_on(live(env, config, started));
    // Whatever still waits for a peer or a disk has no say in when the process ends: the logs are closed.
    runtime.shutdown_background();
    outcome
}

async fn live(env: Runtime, config: ServerConfig, started: impl FnOnce()) -> Result<(), RunError> {
    // Before anything is opened, so that an early signal is not lost.
    let mut signals = Signals::install()?;
    let broker = Broker::start(env, config).await?;
    tracing::info!("started");
    started();
    let signal = signals.next().await;
    tracing::info!(?signal, "stopping");
    tokio::select! {
        () = broker.stop() => Ok(()),
        again = signals.next() => {
            tracing::warn!(signal = ?again, "ended before the logs were closed; the next start checks them");
            std::process::exit(again.exit_code());
        }
    }
}
