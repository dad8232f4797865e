//! Single operations of the hot path, one at a time: decode, validate, append, read, compress.
//!
//! What they cost is counted in instructions (see [`callgrind`]): on a machine that does other things, too, a time says little,
//! and a count is the same in every run. What each may cost stands in the repository (see [`baseline`]).

mod baseline;
mod callgrind;
mod log;
mod messages;
mod operation;
mod records;

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use baseline::{Baseline, TOLERANCE_PERCENT};
use operation::{Case, Operation};

use crate::process::own_cpu_time;

/// Measure single operations of the hot path: in CPU time, or with --counts in instructions.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The cases; default: all.
    cases: Vec<String>,
    /// How often each is repeated; default: a number of its own, by which the baseline was made.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    iterations: Option<u32>,
    /// Repeat them and nothing else: what is counted. Valgrind does not have the clock that is read for CPU time.
    #[arg(long, hide = true)]
    untimed: bool,
    /// Count instructions with valgrind, and fail where they are not those of the baseline.
    #[arg(long, conflicts_with = "iterations")]
    counts: bool,
    /// With --counts: write what is found into the baseline.
    #[arg(long, requires = "counts")]
    renew: bool,
    /// Where logs are put, in directories that are removed at the end; default: one for temporary files.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Where the baseline stands.
    #[arg(
        long,
        default_value = "crates/bench/instructions.txt",
        value_name = "FILE"
    )]
    baseline: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> io::Result<()> {
    let cases = chosen(&arguments.cases)?;
    let temporary = std::env::temp_dir();
    let directory = arguments.directory.as_deref().unwrap_or(&temporary);
    if arguments.counts {
        return count(arguments, &cases, directory);
    }
    if arguments.untimed {
        return repeat_untimed(arguments, &cases, directory);
    }
    print_head("ns");
    for case in &cases {
        let mut operation = case.prepare(directory)?;
        let iterations = arguments.iterations.unwrap_or(case.iterations);
        let before = own_cpu_time();
        operation.repeat(iterations);
        let spent = own_cpu_time().saturating_sub(before);
        let nanoseconds = spent.as_nanos() as f64 / f64::from(iterations);
        print_row(&case.name, nanoseconds, &operation);
    }
    Ok(())
}

fn all() -> Vec<Case> {
    let mut cases = messages::cases();
    cases.extend(records::cases());
    cases.extend(log::cases());
    cases
}

fn chosen(names: &[String]) -> io::Result<Vec<Case>> {
    let all = all();
    if let Some(unknown) = names
        .iter()
        .find(|name| all.iter().all(|case| case.name != **name))
    {
        let known: Vec<&str> = all.iter().map(|case| case.name.as_str()).collect();
        return Err(io::Error::other(format!(
            "there is no case {unknown}; there are {}",
            known.join(", ")
        )));
    }
    let is_chosen = |case: &Case| names.is_empty() || names.contains(&case.name);
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn count(arguments: &Arguments, cases: &[Case], directory: &Path) -> io::Result<()> {
    let mut baseline = if arguments.renew && !arguments.baseline.exists() {
        Baseline::default()
    } else {
        Baseline::read(&arguments.baseline)?
    };
    print_head("instructions");
    let mut deviations = Vec::new();
    for (case, found) in cases.iter().zip(count_all(cases)?) {
        print_row(&case.name, found as f64, &case.prepare(directory)?);
        if arguments.renew {
            baseline.set(&case.name, found);
        } else {
            deviations.extend(baseline.deviation(&case.name, found));
        }
    }
    if arguments.cases.is_empty() {
        let is_known = |name: &str| cases.iter().any(|case| case.name == name);
        let gone = baseline.retain(is_known);
        if !arguments.renew {
            deviations.extend(gone.iter().map(|name| format!("{name} exists no longer")));
        }
    }
    if arguments.renew {
        return baseline.write(&arguments.baseline);
    }
    if deviations.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "instructions are not those of {} (within {TOLERANCE_PERCENT} %):\n  {}\n\
         If that is as it should be (a change, another compiler or C library), renew it: ottla-bench micro --counts --renew",
        arguments.baseline.display(),
        deviations.join("\n  ")
    )))
}

/// Instructions of each case's operation, as many at a time as there are processors.
fn count_all(cases: &[Case]) -> io::Result<Vec<u64>> {
    let workers = thread::available_parallelism()?.get();
    let mut counts = Vec::with_capacity(cases.len());
    for group in cases.chunks(workers) {
        let found: Vec<io::Result<u64>> = thread::scope(|scope| {
            let running: Vec<_> = group
                .iter()
                .map(|case| scope.spawn(|| callgrind::count(&case.name, case.iterations)))
                .collect();
            let results = running.into_iter();
            results
                .map(|thread| thread.join().expect("counting does not panic"))
                .collect()
        });
        for count in found {
            counts.push(count?);
        }
    }
    Ok(counts)
}

fn repeat_untimed(arguments: &Arguments, cases: &[Case], directory: &Path) -> io::Result<()> {
    for case in cases {
        let iterations = arguments.iterations.unwrap_or(case.iterations);
        case.prepare(directory)?.repeat(iterations);
    }
    Ok(())
}

fn print_head(unit: &str) {
    println!(
        "{:<32} {unit:>12} {:>12} {:>9}",
        "case", "a record", "a byte"
    );
}

fn print_row(name: &str, cost: f64, operation: &Operation) {
    let of = |parts: u64| match parts {
        0 => "-".to_owned(),
        parts => format!("{:.2}", cost / parts as f64),
    };
    println!(
        "{name:<32} {cost:>12.0} {:>12} {:>9}",
        of(operation.records),
        of(operation.bytes)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own_and_can_be_repeated() {
        let cases = all();
        for case in &cases {
            let same = cases.iter().filter(|other| other.name == case.name);
            assert_eq!(same.count(), 1, "{}", case.name);
            let mut operation = case.prepare(&std::env::temp_dir()).unwrap();
            operation.repeat(3);
        }
    }

    #[test]
    fn a_case_that_does_not_exist_is_named() {
        let names = ["validate-100B-none".to_owned(), "validate-7B".to_owned()];
        assert_eq!(chosen(&names[..1]).unwrap().len(), 1);
        let error = chosen(&names).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("there is no case validate-7B; there are "));
    }
}
