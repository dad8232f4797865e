//! The page: what was measured, between two markers of a Markdown file, so that what is written by hand around them stays.

use std::fs;
use std::path::{Path, PathBuf};

use super::CompareError;
use super::cases::Group;
use super::plot;
use super::results::Results;
use super::table;

const BEGIN: &str = "<!-- begin of what `ottla-bench compare` writes -->";
const END: &str = "<!-- end of what `ottla-bench compare` writes -->";

/// Writes plots into `out`, and tables and what refers to the plots into `out.md`. Tells where that is.
///
/// # Errors
/// When the page is there and has no markers, or the file system refuses.
pub(super) fn write(results: &Results, out: &Path) -> Result<PathBuf, CompareError> {
    let failed = |path: &Path| {
        CompareError::io({
            let path = path.display().to_string();
            move || path
        })
    };
    let directory = out.file_name().unwrap_or_default().to_string_lossy();
    let mut plots = Vec::new();
    for plot in plot::all(results) {
        let path = out.join(plot.file);
        fs::write(&path, plot.svg).map_err(failed(&path))?;
        plots.push(format!("![{}]({directory}/{})\n", plot.title, plot.file));
    }
    let page = out.with_extension("md");
    let old = if page.exists() {
        fs::read_to_string(&page).map_err(failed(&page))?
    } else {
        format!("# Benchmarks\n\n{BEGIN}\n{END}\n")
    };
    let new = replace(&old, &section(results, &plots)).ok_or_else(|| {
        let problem = format!("{} has no lines {BEGIN} and {END}", page.display());
        CompareError::Failed(problem)
    })?;
    fs::write(&page, new).map_err(failed(&page))?;
    Ok(page)
}

/// `None` where the markers are missing.
fn replace(page: &str, section: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{section}\n{END}{after}"))
}

fn section(results: &Results, plots: &[String]) -> String {
    let mut parts = Vec::new();
    parts.extend(machines(results));
    parts.push(format!("### The bars\n\n{}", table::bars(results)));
    parts.extend(plots.iter().cloned());
    for group in Group::ALL {
        if let Some(table) = table::group(results, group) {
            parts.push(format!("### {}\n\n{table}", group.title()));
        }
    }
    parts.extend(failures(results));
    parts.join("\n")
}

/// The machines that the rounds ran on, each once.
fn machines(results: &Results) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for machine in &results.machines {
        let line = format!("{}; {}.\n", machine.described, machine.peer);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    (!lines.is_empty()).then(|| format!("Measured on {}", lines.join("and on ")))
}

fn failures(results: &Results) -> Option<String> {
    let lines: Vec<_> = results
        .failures
        .iter()
        .map(|failure| {
            let (case, subject) = (&failure.case, failure.subject.title());
            format!(
                "- `{case}`, {subject}, round {}: {}\n",
                failure.round, failure.what
            )
        })
        .collect();
    (!lines.is_empty()).then(|| format!("### What failed\n\n{}", lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::results::{Failure, Figure, Measurement, Subject};

    #[test]
    fn what_stands_around_the_markers_stays() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = replace(&page, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(replace(&new, "new\n").unwrap(), new);
        assert_eq!(replace("nothing", "new"), None);
    }

    #[test]
    fn a_page_is_written_with_its_plots_and_its_failures() {
        let results = Results {
            measurements: vec![
                Measurement {
                    case: "base".to_owned(),
                    subject: Subject::Ottla,
                    round: 1,
                    figure: Figure::CpuPerGib,
                    value: 1.5,
                },
                Measurement {
                    case: "base".to_owned(),
                    subject: Subject::Kafka,
                    round: 1,
                    figure: Figure::CpuPerGib,
                    value: 6.0,
                },
            ],
            failures: vec![Failure {
                case: "fetch".to_owned(),
                subject: Subject::Kafka,
                round: 2,
                what: "the broker has ended".to_owned(),
            }],
            ..Results::default()
        };
        let parent = tempfile::tempdir().unwrap();
        let out = parent.path().join("benchmarks");
        fs::create_dir(&out).unwrap();
        let page = write(&results, &out).unwrap();
        assert_eq!(page, parent.path().join("benchmarks.md"));
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains("| Ottla | 1.50 |"), "{text}");
        assert!(text.contains("- `fetch`, Apache Kafka, round 2: the broker has ended"));
        for line in text.lines().filter(|line| line.starts_with("![")) {
            let (_, file) = line.trim_end_matches(')').rsplit_once("](").unwrap();
            let svg = fs::read_to_string(parent.path().join(file)).unwrap();
            assert!(svg.contains("<svg"), "{file}");
        }
    }
}
