//! The broker on the real runtime: from start to the signal that stops it.

mod descriptors;
mod logging;
mod service_manager;
mod signals;

use std::io;
use std::num::NonZero;
use std::sync::Arc;

use ottla_broker::{Broker, Loggers};
use ottla_config::{Listener, ServerConfig};
use ottla_runtime::Runtime;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::task::JoinError;

pub use logging::{LogFile, LogFileError, LogFormat, LogOutput, RotateAt};
use service_manager::ServiceManager;
use signals::Signals;

/// Why the node did not run, or not to the end.
#[derive(Debug, Error)]
pub enum RunError {
    #[error("the log cannot be written: {0}")]
    Log(#[from] LogFileError),
    #[error("the runtime did not start: {0}")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    Start(#[from] ottla_broker::StartError),
    #[error(transparent)]
    Failed(#[from] ottla_broker::Failure),
}

/// What is known of a node once clients can connect.
#[derive(Clone, Debug)]
pub struct Started {
    pub cluster_id: String,
    /// With the ports that are in fact bound.
    pub listeners: Vec<Listener>,
}

/// Runs a node until SIGTERM, SIGINT or SIGHUP has stopped it cleanly; a second signal ends the process at once.
/// `started` is called when clients can connect. A service manager that asks for it (`NOTIFY_SOCKET`) is told, too.
///
/// # Errors
/// When the node does not start, or cannot go on.
pub fn run(
    config: ServerConfig,
    log: &LogOutput,
    started: impl FnOnce(&Started) + Send + 'static,
) -> Result<(), RunError> {
    let loggers = logging::start(log)?;
    descriptors::raise_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers(&config))
        .enable_all()
        .thread_name("ottla")
        .build()?;
    let env = Runtime::new(runtime.handle().clone());
    let outcome = runtime.block_on(until_stopped(env, config, loggers, started));
    // Whatever still waits for a peer or a disk has no say in when the process ends: the logs are closed.
    runtime.shutdown_background();
    outcome
}

/// A thread for each processor, though all lanes wait for their disks: those of the log directories, and that of the metadata log.
fn workers(config: &ServerConfig) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let lanes = config.log_dirs().len() + 1;
    processors + lanes
}

async fn until_stopped(
    env: Runtime,
    config: ServerConfig,
    loggers: Arc<dyn Loggers>,
    started: impl FnOnce(&Started) + Send + 'static,
) -> Result<(), RunError> {
    // Before anything is opened, so that an early signal is not lost.
    let mut signals = Signals::install()?;
    let (stop, stopping) = oneshot::channel();
    // A task of its own, for a start that reads much does not give way to a signal.
    let mut life = tokio::spawn(live(env, config, loggers, started, stopping));
    let signal = tokio::select! {
        ended = &mut life => return settled(ended),
        signal = signals.next() => signal,
    };
    tracing::info!(?signal, "stopping");
    if stop.send(()).is_err() {
        tracing::debug!("the node has ended by itself, and says why");
    }
    tokio::select! {
        ended = &mut life => settled(ended),
        again = signals.next() => {
            tracing::warn!(signal = ?again, "ended before the logs were closed; the next start checks them");
            std::process::exit(again.exit_code());
        }
    }
}

async fn live(
    env: Runtime,
    config: ServerConfig,
    loggers: Arc<dyn Loggers>,
    started: impl FnOnce(&Started),
    stopping: oneshot::Receiver<()>,
) -> Result<(), RunError> {
    let broker = Broker::start(env, config, loggers).await?;
    tracing::info!("started");
    started(&Started {
        cluster_id: broker.cluster_id().to_owned(),
        listeners: broker.listeners().to_vec(),
    });
    let manager = ServiceManager::of_process();
    manager.ready();
    let failure = tokio::select! {
        asked = stopping => {
            asked.expect("whoever asks waits for this task");
            None
        }
        failure = broker.failed() => Some(failure),
        never = manager.keep_alive() => match never {},
    };
    // From here on it is the service manager that bounds how long it takes: nobody says any more that the node is alive.
    manager.stopping();
    broker.stop().await;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// A panic of the node goes on in whoever waits for it.
fn settled(ended: Result<Result<(), RunError>, JoinError>) -> Result<(), RunError> {
    match ended {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => unreachable!("nobody aborts the node: {error}"),
        },
    }
}
