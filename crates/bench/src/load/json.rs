//! What was measured, for programs that read it.

use serde_json::{Map, Value, json};

use super::interval::Outcome;
use super::progress::{Counted, Latencies};
use super::report::PERCENTILES;

/// An object; times are in seconds.
pub(super) fn of(outcome: &Outcome) -> Value {
    let mut object = counted(outcome.counted);
    object.insert("seconds".into(), outcome.elapsed.as_secs_f64().into());
    object.insert(
        "generator_cpu".into(),
        outcome.generator.as_secs_f64().into(),
    );
    object.insert("latency".into(), latency(&outcome.latencies));
    if let Some(consumed) = outcome.beside {
        object.insert("consumed".into(), counted(consumed).into());
    }
    if let Some((cpu, resident)) = outcome.server {
        let broker = json!({
            "user": cpu.user.as_secs_f64(),
            "system": cpu.system.as_secs_f64(),
            "resident": resident.now,
            "peak": resident.peak,
        });
        object.insert("broker".into(), broker);
    }
    if let Some(records) = outcome.verified {
        object.insert("verified".into(), records.into());
    }
    object.into()
}

fn counted(counted: Counted) -> Map<String, Value> {
    [
        ("requests", counted.requests),
        ("records", counted.records),
        ("bytes", counted.bytes),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count.into()))
    .collect()
}

fn latency(latencies: &Latencies) -> Value {
    let histogram = &latencies.histogram;
    let mut object: Map<String, Value> = PERCENTILES
        .into_iter()
        .map(|(name, percentile)| {
            let nanoseconds = histogram.value_at_percentile(percentile);
            (name.to_owned(), (nanoseconds as f64 / 1e9).into())
        })
        .collect();
    object.insert("count".into(), histogram.len().into());
    object.into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::{CpuTime, Resident};

    fn outcome() -> Outcome {
        let mut latencies = Latencies::new();
        latencies.histogram.saturating_record(1 << 10);
        Outcome {
            elapsed: Duration::from_millis(2500),
            counted: Counted {
                requests: 1,
                records: 2,
                bytes: 3,
            },
            beside: None,
            generator: Duration::from_millis(125),
            server: None,
            latencies,
            verified: None,
        }
    }

    #[test]
    fn what_there_is_stands_in_one_line() {
        let text = of(&outcome()).to_string();
        assert_eq!(
            text,
            "{\"bytes\":3,\"generator_cpu\":0.125,\"latency\":{\"count\":1,\"max\":1.024e-6,\"p50\":1.024e-6,\
             \"p99\":1.024e-6,\"p99.9\":1.024e-6,\"p99.99\":1.024e-6},\"records\":2,\"requests\":1,\"seconds\":2.5}"
        );
    }

    #[test]
    fn broker_and_consumers_are_told_of_where_there_are_any() {
        let value = of(&Outcome {
            beside: Some(Counted {
                requests: 4,
                records: 5,
                bytes: 6,
            }),
            server: Some((
                CpuTime {
                    user: Duration::from_millis(250),
                    system: Duration::from_millis(750),
                },
                Resident { now: 7, peak: 8 },
            )),
            verified: Some(9),
            ..outcome()
        });
        assert_eq!(value["verified"], 9);
        assert_eq!(
            value["consumed"],
            json!({"requests": 4, "records": 5, "bytes": 6})
        );
        assert_eq!(
            value["broker"],
            json!({"user": 0.25, "system": 0.75, "resident": 7, "peak": 8})
        );
    }
}
