//! Whose directories are, without taking them: their node may run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use ottla_config::ServerConfig;
use ottla_env::Disk;
use ottla_log::dir::{DirectoryError, MetaProperties, read_meta_properties};
use ottla_runtime::RealDisk;

/// What there is to say of a configuration's directories.
#[derive(Default)]
struct Report {
    found: Vec<PathBuf>,
    /// Of the first directory that has some.
    metadata: Option<MetaProperties>,
    problems: Vec<String>,
}

/// Fails if something is wrong with a directory.
pub(super) fn run(config: &ServerConfig) -> ExitCode {
    let report = inspect(config.directories());
    let paths = report.found.iter().map(|path| path.display().to_string());
    list(
        "Found log director",
        ("y", "ies"),
        &paths.collect::<Vec<_>>(),
    );
    if let Some(metadata) = &report.metadata {
        println!("Found metadata: {}\n", shown(metadata));
    }
    list("Found problem", ("", "s"), &report.problems);
    match report.problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn inspect(directories: BTreeSet<PathBuf>) -> Report {
    let mut report = Report::default();
    let mut clusters = BTreeSet::new();
    for path in directories {
        let name = path.display();
        match RealDisk.entry(&path) {
            Ok(Some(entry)) if entry.is_directory => {}
            Ok(Some(_)) => {
                report.problems.push(format!("{name} is not a directory"));
                continue;
            }
            Ok(None) => {
                report.problems.push(format!("{name} does not exist"));
                continue;
            }
            Err(error) => {
                report.problems.push(format!("{name}: {error}"));
                continue;
            }
        }
        match read_meta_properties(&RealDisk, &path) {
            Ok(None) => report.problems.push(format!("{name} is not formatted.")),
            Ok(Some(properties)) => {
                clusters.insert(properties.cluster_id.clone());
                report.metadata.get_or_insert(properties);
            }
            Err(DirectoryError::Invalid { path, problem }) => {
                let path = path.display();
                report
                    .problems
                    .push(format!("Error loading {path}: {problem}"));
            }
            Err(error) => report.problems.push(error.to_string()),
        }
        report.found.push(path);
    }
    if clusters.len() > 1 {
        let problem = "Mismatched cluster IDs between storage directories.";
        report.problems.push(problem.to_owned());
    }
    report
}

/// A title with its ending for one and for several, and what there is under it; nothing if that is nothing.
fn list(title: &str, (one, several): (&str, &str), items: &[String]) {
    if items.is_empty() {
        return;
    }
    println!("{title}{}:", if items.len() == 1 { one } else { several });
    for item in items {
        println!("  {item}");
    }
    println!();
}

fn shown(properties: &MetaProperties) -> String {
    let directory = properties.directory_id;
    let directory = directory.map(|id| format!("directory.id={id}, "));
    format!(
        "{{cluster.id={}, {}node.id={}, version=1}}",
        properties.cluster_id,
        directory.unwrap_or_default(),
        properties.node_id
    )
}
