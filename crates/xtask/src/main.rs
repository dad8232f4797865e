//! Checks of the repository itself. `cargo xtask tidy` runs them; so does `cargo test`.

mod architecture;
mod names;
mod sizes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("tidy") {
        eprintln!("usage: cargo xtask tidy");
        return ExitCode::from(2);
    }
    let root = root();
    let findings = tidy(&root);
    for finding in &findings {
        eprintln!("{finding}");
    }
    for line in [
        sizes::longest_files(&root, 5),
        sizes::longest_functions(&root, 5),
    ]
    .concat()
    {
        println!("{line}");
    }
    if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is wrong, a line each.
fn tidy(root: &Path) -> Vec<String> {
    let mut findings = architecture::check(root);
    findings.extend(names::check(root));
    findings
}

/// The repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate stands in crates/xtask")
        .to_path_buf()
}

/// All Rust sources below `crates`, sorted.
fn sources(root: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root.join("crates"), &mut found);
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let findings = super::tidy(&super::root());
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }
}
