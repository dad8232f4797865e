use std::time::Duration;

use super::interval::Outcome;
use super::progress::Counted;
use crate::size::{GIB, MIB};

/// What is told of latencies.
pub(super) const PERCENTILES: [(&str, f64); 5] = [
    ("p50", 50.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("p99.99", 99.99),
    ("max", 100.0),
];

pub(super) fn print(outcome: &Outcome) {
    for (name, figures) in lines(outcome) {
        println!("{name:<12} {figures}");
    }
}

fn lines(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let counted = outcome.counted;
    let seconds = outcome.elapsed.as_secs_f64();
    let mib = counted.bytes as f64 / MIB as f64;
    let percentiles = PERCENTILES.map(|(name, percentile)| {
        let nanoseconds = outcome.latencies.histogram.value_at_percentile(percentile);
        format!("{name} {:.3} ms", nanoseconds as f64 / 1e6)
    });
    let mut lines = vec![
        ("measured", format!("{seconds:.2} s, {}", amounts(counted))),
        (
            "throughput",
            format!(
                "{:.0} records/s, {:.1} MiB/s, {:.1} MB/s",
                counted.records as f64 / seconds,
                mib / seconds,
                counted.bytes as f64 / 1e6 / seconds
            ),
        ),
    ];
    if let Some(consumed) = outcome.beside {
        lines.push((
            "consumed",
            format!(
                "{}, {:.1} MiB/s",
                amounts(consumed),
                consumed.bytes as f64 / MIB as f64 / seconds
            ),
        ));
    }
    lines.extend([
        ("latency", percentiles.join("  ")),
        (
            "generator",
            format!("CPU {}", cpu_figures(outcome, outcome.generator)),
        ),
    ]);
    if let Some((cpu, resident)) = outcome.server {
        let total = cpu.total();
        lines.push((
            "broker",
            format!(
                "CPU {}; user {:.0} %, system {:.0} %",
                cpu_figures(outcome, total),
                share(cpu.user, total),
                share(cpu.system, total)
            ),
        ));
        lines.push((
            "",
            format!(
                "resident {:.1} MiB, at most {:.1} MiB",
                resident.now as f64 / MIB as f64,
                resident.peak as f64 / MIB as f64
            ),
        ));
    }
    lines.extend(outcome.verified.map(|records| {
        (
            "verified",
            format!("{records} records read back, all that were acknowledged"),
        )
    }));
    lines
}

/// Who does not know how many requests there were knows the records' values and not the batches.
fn amounts(counted: Counted) -> String {
    let mib = counted.bytes as f64 / MIB as f64;
    match (counted.requests, counted.records) {
        (0, records) => format!("{records} records, {mib:.0} MiB of values"),
        (requests, records) => {
            format!("{requests} requests, {records} records, {mib:.0} MiB of batches")
        }
    }
}

fn cpu_figures(outcome: &Outcome, cpu: Duration) -> String {
    let seconds = cpu.as_secs_f64();
    format!(
        "{seconds:.2} s, {:.0} % of a processor, {:.3} s per GiB, {:.3} s per million records",
        share(cpu, outcome.elapsed),
        per(seconds, outcome.counted.bytes, GIB as f64),
        per(seconds, outcome.counted.records, 1e6)
    )
}

/// Of nothing: nothing.
fn per(seconds: f64, count: u64, unit: f64) -> f64 {
    if count == 0 {
        0.0
    } else {
        seconds / count as f64 * unit
    }
}

fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() {
        0.0
    } else {
        part.as_secs_f64() / whole.as_secs_f64() * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::progress::Latencies;
    use crate::process::{CpuTime, Resident};

    #[test]
    fn figures_are_per_second_per_gibibyte_and_per_million_records() {
        let mut latencies = Latencies::new();
        for milliseconds in 1..=1000 {
            latencies
                .histogram
                .saturating_record(milliseconds * 1_000_000);
        }
        let outcome = Outcome {
            elapsed: Duration::from_secs(2),
            counted: Counted {
                requests: 1000,
                records: 4_000_000,
                bytes: 512 * MIB,
            },
            beside: Some(Counted {
                requests: 10,
                records: 1_000_000,
                bytes: 128 * MIB,
            }),
            generator: Duration::from_millis(100),
            server: Some((
                CpuTime {
                    user: Duration::from_millis(250),
                    system: Duration::from_millis(750),
                },
                Resident {
                    now: 3 * MIB,
                    peak: 5 * MIB,
                },
            )),
            latencies,
            verified: Some(5_000_000),
        };
        let lines: Vec<String> = lines(&outcome)
            .into_iter()
            .map(|(_, figures)| figures)
            .collect();
        assert_eq!(
            lines,
            [
                "2.00 s, 1000 requests, 4000000 records, 512 MiB of batches",
                "2000000 records/s, 256.0 MiB/s, 268.4 MB/s",
                "10 requests, 1000000 records, 128 MiB of batches, 64.0 MiB/s",
                "p50 500.171 ms  p99 990.380 ms  p99.9 1000.342 ms  p99.99 1000.342 ms  max 1000.342 ms",
                "CPU 0.10 s, 5 % of a processor, 0.200 s per GiB, 0.025 s per million records",
                "CPU 1.00 s, 50 % of a processor, 2.000 s per GiB, 0.250 s per million records; user 25 %, system 75 %",
                "resident 3.0 MiB, at most 5.0 MiB",
                "5000000 records read back, all that were acknowledged",
            ]
        );
    }

    #[test]
    fn without_requests_the_bytes_are_those_of_values() {
        let counted = Counted {
            requests: 0,
            records: 3,
            bytes: 2 * MIB,
        };
        assert_eq!(amounts(counted), "3 records, 2 MiB of values");
    }

    #[test]
    fn nothing_at_all_has_figures_too() {
        assert_eq!(per(1.0, 0, 1e6), 0.0);
        assert_eq!(share(Duration::ZERO, Duration::ZERO), 0.0);
    }
}
