//! The two ways to run a node: on a file, or on nothing.

use std::io::Write;
use std::path::Path;

use ottla_config::{Address, ServerConfig};
use ottla_node::{LogOutput, Started};

/// Where the data of a node without a file is, in the current directory.
const DEFAULT_DATA: &str = "./ottla-data";

/// Runs the node that `file` describes until a signal stops it.
pub(crate) fn run(file: &Path, overrides: &[String], log: &LogOutput) -> Result<(), String> {
    let (config, warnings) = ottla_cli::configuration::read(file, overrides)?;
    for warning in warnings {
        eprintln!("ottla: {}", warning.0);
    }
    run_with(config, log)
}

/// Runs a node of its own for a first try, on a directory that is formatted when it is new.
pub(crate) fn run_default(log: &LogOutput) -> Result<(), String> {
    let config = ServerConfig::of_default_node(DEFAULT_DATA);
    ottla_cli::storage::format_if_new(&config)?;
    run_with(config, log)
}

fn run_with(config: ServerConfig, log: &LogOutput) -> Result<(), String> {
    let shown = config.clone();
    let started = move |started: &Started| {
        // Whoever does not read it does not need it.
        drop(std::io::stdout().write_all(welcome(&shown, started).as_bytes()));
    };
    ottla_node::run(config, log, started).map_err(|error| error.to_string())
}

/// What somebody at a terminal wants to know first.
fn welcome(config: &ServerConfig, started: &Started) -> String {
    let listed = |items: Vec<String>| items.join(", ");
    let listeners = started.listeners.iter().map(ToString::to_string).collect();
    let data = config.directories().into_iter();
    let data = data.map(|path| path.display().to_string()).collect();
    let mut of_clients = started
        .listeners
        .iter()
        .filter(|listener| !config.is_controller_listener(&listener.name));
    let client = of_clients
        .next()
        .map(|listener| Address(&listener.told().host, listener.port).to_string())
        .unwrap_or_default();
    format!(
        "Ottla {}\n\
         cluster   {}\n\
         listener  {}\n\
         data      {}\n\
         try       echo hello | kcat -b {client} -P -t greetings\n",
        env!("CARGO_PKG_VERSION"),
        started.cluster_id,
        listed(listeners),
        listed(data),
    )
}
