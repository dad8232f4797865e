//! The two ways to run a node: on a file, or on nothing.

use std::path::Path;

use ottla_config::ServerConfig;

/// Where the data of a node without a file is, in the current directory.
const DEFAULT_DATA: &str = "ottla-data";

/// Runs the node that `file` describes until a signal stops it.
pub(crate) fn run(file: &Path, overrides: &[String]) -> Result<(), String> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let (config, warnings) =
        ServerConfig::load(&name, &text, overrides).map_err(|error| error.to_string())?;
    for warning in warnings {
        eprintln!("ottla: {}", warning.0);
    }
    ottla_node::run(config, || {}).map_err(|error| error.to_string())
}

/// Runs a node of its own for a first try, on a directory that is formatted when it is new.
pub(crate) fn run_default() -> Result<(), String> {
    let config = ServerConfig::of_default_node(DEFAULT_DATA);
    ottla_cli::storage::format_if_new(&config)?;
    let said = welcome(&config);
    ottla_node::run(config, move || println!("{said}")).map_err(|error| error.to_string())
}

fn welcome(config: &ServerConfig) -> String {
    let client = config
        .listeners()
        .iter()
        .find(|listener| !config.is_controller_listener(&listener.name))
        .map(|listener| format!("{}:{}", listener.host, listener.port))
        .unwrap_or_default();
    format!(
        "Ottla {}: a node of its own, its data in ./{DEFAULT_DATA}\n\
         Connect with bootstrap.servers={client}\n\
         Stop with Ctrl-C",
        env!("CARGO_PKG_VERSION"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_welcome_names_the_address_that_clients_use() {
        let said = welcome(&ServerConfig::of_default_node(DEFAULT_DATA));
        assert!(said.contains("bootstrap.servers=127.0.0.1:9092"), "{said}");
    }
}
