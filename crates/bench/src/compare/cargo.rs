//! What cargo builds for a comparison.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::CompareError;

/// Whoever compares has built this program, and so has its sources.
pub(super) fn workspace() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .expect("the workspace has its crates in a folder of its own")
}

/// The cargo that runs this program, or the one in the path.
fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(program)
}

/// Becomes this program with the same arguments, built with the client that users run. Returns only where that fails.
pub(super) fn run_again_with_librdkafka() -> CompareError {
    let source = cargo()
        .args(["run", "--release", "--package=ottla-bench"])
        .args(["--features=librdkafka", "--manifest-path"])
        .arg(workspace().join("Cargo.toml"))
        .arg("--")
        .args(std::env::args_os().skip(1))
        .exec();
    CompareError::Io {
        what: "building with librdkafka".to_owned(),
        source,
    }
}

/// Builds the broker, and tells where it lies.
pub(super) fn build_ottla() -> Result<PathBuf, CompareError> {
    let output = cargo()
        .args(["build", "--release", "--package=ottla"])
        .args([
            "--message-format=json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(workspace().join("Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(CompareError::io(|| "cargo".to_owned()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter(|_| output.status.success())
        .find_map(executable)
        .ok_or_else(|| CompareError::Failed("cargo does not build ottla".to_owned()))
}

/// Of one of cargo's messages: there is one of each crate.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    (message.pointer("/target/name")? == "ottla").then_some(())?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_that_of_ottla_itself() {
        let library =
            r#"{"reason":"compiler-artifact","target":{"name":"ottla"},"executable":null}"#;
        let other =
            r#"{"reason":"compiler-artifact","target":{"name":"xtask"},"executable":"/t/xtask"}"#;
        let ottla =
            r#"{"reason":"compiler-artifact","target":{"name":"ottla"},"executable":"/t/ottla"}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable(other), None);
        assert_eq!(executable(ottla), Some("/t/ottla".into()));
    }

    #[test]
    fn the_workspace_is_where_the_crates_are() {
        assert!(workspace().join("crates/bench/Cargo.toml").exists());
    }
}
