//! `server.properties`, as every command that takes one reads it.

use std::path::Path;

use ottla_config::{ServerConfig, Warning};

/// The configuration of a file, and what somebody should know of it. `overrides` are `key=value`.
///
/// # Errors
/// A sentence that says what is wrong, and where.
pub fn read(path: &Path, overrides: &[String]) -> Result<(ServerConfig, Vec<Warning>), String> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        format!("cannot read {name}: {error}; expected the path of a server.properties")
    })?;
    // Java reads such a file as Latin-1, which every file is; what people write today is UTF-8.
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect());
    ServerConfig::load(&name, &text, overrides).map_err(|error| error.to_string())
}
