//! Counting instructions: this program again, under valgrind's callgrind.
//!
//! What is counted are the instructions of the operation alone, not of its set-up, and none of the kernel's. The program runs without
//! the caller's environment, under one name in a directory of its own: lengths of paths and variables would move the stack and the
//! heap, and with them how a copy is aligned.

use std::io;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Stands in the mangled name of the function in [`super::operation`], whatever it is called with.
const COUNTED: &str = "*counted_operation*";

/// The program's name while it is looked at.
const PROGRAM: &str = "ottla-bench";

/// Instructions of one operation: those of all of them divided by how many there were.
///
/// # Errors
/// When valgrind is missing or fails, or finds nothing to count.
pub(super) fn count(case: &str, iterations: u32) -> io::Result<u64> {
    let directory = TempDir::new()?;
    symlink(std::env::current_exe()?, directory.path().join(PROGRAM))?;
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("./{PROGRAM}"))
        .args(["micro", case, "--untimed", "--directory", "."])
        .args(["--iterations", &iterations.to_string()])
        .current_dir(directory.path())
        .env_clear()
        .stdin(Stdio::null());
    let output = command.output().map_err(|error| {
        io::Error::new(error.kind(), format!("valgrind cannot be started: {error}"))
    })?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = collected(&report).filter(|count| *count > 0 && output.status.success());
    let collected = collected.ok_or_else(|| {
        let status = output.status;
        io::Error::other(format!(
            "valgrind counted nothing of {case} and ended with {status}:\n{report}"
        ))
    })?;
    Ok(collected / u64::from(iterations))
}

/// The number behind `Collected :` in what callgrind says at the end.
fn collected(report: &str) -> Option<u64> {
    report.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_the_report() {
        let report =
            "==7== Events    : Ir\n==7== Collected : 81920\n==7==\n==7== I   refs:      81,920\n";
        assert_eq!(collected(report), Some(81_920));
        assert_eq!(collected("==7== no such tool\n"), None);
    }
}
