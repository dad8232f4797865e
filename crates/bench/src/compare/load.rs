//! Loads as processes of their own: which words start them, and what they tell.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::CompareError;
use super::results::Figure;
use super::site::Site;
use crate::process::Pid;
use crate::size::{GIB, MIB, Size};

/// Beyond what a load is to take.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// What costs its sender next to nothing.
    Lean,
    /// What users run.
    Librdkafka,
}

/// Producers, with consumers beside them or not. What is `None` is left to the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Produce {
    pub(super) client: Client,
    pub(super) producers: u16,
    pub(super) record_bytes: u64,
    pub(super) batch_bytes: Option<u64>,
    pub(super) request_bytes: Option<u64>,
    pub(super) in_flight: Option<u16>,
    pub(super) codec: &'static str,
    pub(super) partitions: u32,
    pub(super) acks: &'static str,
    pub(super) idempotent: bool,
    pub(super) linger_ms: Option<u16>,
    /// Records a second.
    pub(super) rate: Option<u64>,
    /// Consumers at the tail.
    pub(super) tail: u16,
    /// A consumer that reads from the start.
    pub(super) reader: bool,
    /// The case of the same load without consumers.
    pub(super) baseline: Option<&'static str>,
    /// The topic has `flush.messages=1`.
    pub(super) flush_each: bool,
    /// Everything is read back at the end and counted.
    pub(super) verify: bool,
    /// Bytes that go by before anything is measured, which make the JVM's code for this load.
    pub(super) warm_up: u64,
    /// The most that is measured: bounds what lies on the disk.
    pub(super) bytes: u64,
    pub(super) seconds: u16,
    /// Is put on the echo server, too.
    pub(super) echo: bool,
}

/// One consumer that reads what lies there, from the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Consume {
    pub(super) client: Client,
}

/// Where a load goes, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) bootstrap: String,
    pub(super) topic: String,
    pub(super) server: Option<Pid>,
    /// In place of what the case says.
    pub(super) seconds: Option<u16>,
}

impl Target {
    /// What every load is told.
    fn words(&self, load: &str, partitions: u32) -> Vec<String> {
        let mut words = vec!["load".to_owned(), load.to_owned(), "--json".to_owned()];
        words.push(format!("--bootstrap={}", self.bootstrap));
        words.push(format!("--topic={}", self.topic));
        words.push(format!("--partitions={partitions}"));
        words.extend(self.server.map(|pid| format!("--server-pid={}", pid.0)));
        words
    }
}

impl Produce {
    pub(super) fn disk_bytes(&self) -> u64 {
        let measured = match self.rate {
            // Records of 100 bytes have a tenth of that around them.
            Some(rate) => rate * self.record_bytes * u64::from(self.seconds) * 12 / 10,
            None => self.bytes,
        };
        self.warm_up + measured
    }

    /// The topic is deleted at the end.
    pub(super) fn words(&self, target: &Target) -> Vec<String> {
        let (load, producers) = match self.client {
            Client::Lean => ("produce", "connections"),
            Client::Librdkafka => ("rdkafka-produce", "producers"),
        };
        let mut words = target.words(load, self.partitions);
        let seconds = target.seconds.unwrap_or(self.seconds);
        let mut say = |key: &str, value: &dyn std::fmt::Display| {
            words.push(format!("--{key}={value}"));
        };
        say("warm-up", &Size(self.warm_up));
        say("bytes", &Size(self.bytes));
        say("seconds", &seconds);
        say(producers, &self.producers);
        say("record-bytes", &Size(self.record_bytes));
        say("codec", &self.codec);
        say("acks", &self.acks);
        let optional: [(&str, Option<u64>); 5] = [
            ("batch-bytes", self.batch_bytes),
            ("request-bytes", self.request_bytes),
            ("in-flight", self.in_flight.map(u64::from)),
            ("linger-ms", self.linger_ms.map(u64::from)),
            ("rate", self.rate),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                say(key, &value);
            }
        }
        if self.tail > 0 {
            say("tail", &self.tail);
        }
        if self.flush_each {
            say("topic-config", &"flush.messages=1");
        }
        let flags = [
            ("--idempotent", self.idempotent),
            ("--reader", self.reader),
            ("--verify", self.verify),
            ("--delete", true),
        ];
        words.extend(
            flags
                .iter()
                .filter(|(_, set)| *set)
                .map(|(flag, _)| (*flag).to_owned()),
        );
        words
    }
}

impl Consume {
    /// What lies there to be read.
    pub(super) const FILLED: u64 = 2 * GIB;
    const PARTITIONS: u32 = 16;
    const SECONDS: u16 = 5;

    /// Fills the topic, as producers do that have batches of 15 KiB.
    pub(super) fn words_to_fill(target: &Target, bytes: Size) -> Vec<String> {
        let mut words = target.words("produce", Self::PARTITIONS);
        words.push(format!("--bytes={bytes}"));
        let rest = [
            "--warm-up=1",
            "--batch-bytes=16KiB",
            "--request-bytes=256KiB",
        ];
        words.extend(rest.map(str::to_owned));
        words
    }

    /// Reads so much of a topic that is filled, and deletes it.
    pub(super) fn words_to_warm_up(target: &Target, bytes: Size) -> Vec<String> {
        let mut words = target.words("fetch", Self::PARTITIONS);
        words.push(format!("--bytes={bytes}"));
        words.extend(["--warm-up=1", "--delete"].map(str::to_owned));
        words
    }

    /// The topic is deleted at the end.
    pub(super) fn words(self, target: &Target) -> Vec<String> {
        let (load, own) = match self.client {
            Client::Lean => ("fetch", &["--max-bytes=16MiB", "--bytes=16GiB"][..]),
            // It ends where the topic does.
            Client::Librdkafka => ("rdkafka-fetch", &["--bytes=1536MiB"][..]),
        };
        let mut words = target.words(load, Self::PARTITIONS);
        let seconds = target.seconds.unwrap_or(Self::SECONDS);
        words.push(format!("--warm-up={}", Size(256 * MIB)));
        words.push(format!("--seconds={seconds}"));
        words.extend(own.iter().map(|word| (*word).to_owned()));
        words.push("--delete".to_owned());
        words
    }
}

/// Lets a load run to its end, and reads the line that it prints.
pub(super) fn run(site: &Site, words: &[String], seconds: u16) -> Result<Value, CompareError> {
    let program =
        std::env::current_exe().map_err(CompareError::io(|| "this program".to_owned()))?;
    let process = site.spawn("load", Command::new(program).args(words))?;
    let patience = PATIENCE + Duration::from_secs(seconds.into());
    let outcome = process
        .wait(patience)
        .map_err(CompareError::io(|| words.join(" ")))?;
    match outcome {
        Some(status) if status.success() => {}
        Some(_) => return Err(CompareError::Failed(process.complaint())),
        None => {
            let problem = format!(
                "{} has not ended after {} s",
                words.join(" "),
                patience.as_secs()
            );
            return Err(CompareError::Failed(problem));
        }
    }
    let text = std::fs::read_to_string(&process.output);
    let text = text.map_err(CompareError::io(|| process.output.display().to_string()))?;
    serde_json::from_str(&text)
        .map_err(|error| CompareError::Failed(format!("{}: {error}", words.join(" "))))
}

/// What the line says, as far as it says it.
pub(super) fn figures(line: &Value) -> Vec<(Figure, f64)> {
    let latency = |pointer: &str| {
        let counted = line.pointer("/latency/count").and_then(Value::as_u64)?;
        (counted > 0).then(|| line.pointer(pointer).and_then(Value::as_f64))?
    };
    let number = |pointer: &str| line.pointer(pointer).and_then(Value::as_f64);
    let cpu = number("/broker/user")
        .zip(number("/broker/system"))
        .map(|(user, system)| user + system);
    let (bytes, records, seconds) = (number("/bytes"), number("/records"), number("/seconds"));
    // A ratio to nothing is none.
    let ratio = |of: Option<f64>, to: Option<f64>| {
        let ratio = of? / to?;
        ratio.is_finite().then_some(ratio)
    };
    [
        (
            Figure::CpuPerGib,
            ratio(cpu, bytes).map(|per| per * GIB as f64),
        ),
        (
            Figure::CpuPerMillion,
            ratio(cpu, records).map(|per| per * 1e6),
        ),
        (Figure::RecordsPerSecond, ratio(records, seconds)),
        (Figure::BytesPerSecond, ratio(bytes, seconds)),
        (
            Figure::ConsumedBytesPerSecond,
            ratio(number("/consumed/bytes"), seconds),
        ),
        (Figure::P50, latency("/latency/p50")),
        (Figure::P99, latency("/latency/p99")),
        (Figure::P999, latency("/latency/p99.9")),
        (Figure::P9999, latency("/latency/p99.99")),
        (Figure::Longest, latency("/latency/max")),
        (Figure::Resident, number("/broker/resident")),
        (Figure::Peak, number("/broker/peak")),
        (Figure::Generator, ratio(number("/generator_cpu"), seconds)),
    ]
    .into_iter()
    .filter_map(|(figure, value)| Some((figure, value?)))
    .collect()
}

/// What each GiB consumed costs beside a producer whose GiB cost `baseline` without a consumer.
pub(super) fn cpu_per_gib_consumed(figures: &[(Figure, f64)], baseline: f64) -> Option<f64> {
    let of = |wanted: Figure| {
        figures
            .iter()
            .find(|(figure, _)| *figure == wanted)
            .map(|(_, value)| *value)
    };
    let consumed_for_produced = of(Figure::ConsumedBytesPerSecond)? / of(Figure::BytesPerSecond)?;
    Some((of(Figure::CpuPerGib)? - baseline) / consumed_for_produced)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compare::cases::{CASES, Work};

    #[test]
    fn figures_are_what_a_load_tells() {
        let line = json!({
            "seconds": 2.0, "requests": 5, "records": 4_000_000, "bytes": GIB / 2,
            "generator_cpu": 0.5,
            "broker": {"user": 0.25, "system": 0.75, "resident": 7, "peak": 8},
            "latency": {"count": 5, "p50": 0.001, "p99": 0.002, "p99.9": 0.003, "p99.99": 0.004, "max": 0.005},
        });
        let found = figures(&line);
        let of = |wanted| {
            found
                .iter()
                .find(|(figure, _)| *figure == wanted)
                .map(|(_, value)| *value)
        };
        assert_eq!(of(Figure::CpuPerGib), Some(2.0));
        assert_eq!(of(Figure::CpuPerMillion), Some(0.25));
        assert_eq!(of(Figure::BytesPerSecond), Some((GIB / 4) as f64));
        assert_eq!(of(Figure::P999), Some(0.003));
        assert_eq!(of(Figure::Generator), Some(0.25));
        assert_eq!(of(Figure::ConsumedBytesPerSecond), None);
        assert_eq!(
            figures(&json!({"seconds": 0.0, "bytes": 0, "records": 0})),
            []
        );
    }

    #[test]
    fn consumers_are_charged_with_what_the_producer_alone_does_not_cost() {
        let found = [
            (Figure::CpuPerGib, 3.5),
            (Figure::BytesPerSecond, 10.0),
            (Figure::ConsumedBytesPerSecond, 50.0),
        ];
        assert_eq!(cpu_per_gib_consumed(&found, 1.0), Some(0.5));
        assert_eq!(cpu_per_gib_consumed(&found[..2], 1.0), None);
    }

    /// What is not parsed here is parsed in the middle of the night, by the first round.
    #[test]
    fn the_words_of_every_load_that_is_built_are_understood() {
        let target = Target {
            bootstrap: "127.0.0.1:1".to_owned(),
            topic: "compared".to_owned(),
            server: Some(Pid(1)),
            seconds: None,
        };
        for case in CASES
            .iter()
            .filter(|case| cfg!(feature = "librdkafka") || !case.needs_librdkafka())
        {
            let all = match case.work {
                Work::Produce(load) | Work::Flood(load) => vec![load.words(&target)],
                Work::Consume(load) => vec![
                    Consume::words_to_fill(&target, Size(Consume::FILLED)),
                    Consume::words_to_warm_up(&target, Size(MIB)),
                    load.words(&target),
                ],
                Work::Loop(bare_loop) => vec![bare_loop.words(std::path::Path::new("."))],
                Work::Members(_) | Work::Start | Work::Idle { .. } | Work::Restart { .. } => {
                    Vec::new()
                }
            };
            for words in all {
                let understood = crate::understands(words.iter().map(String::as_str));
                assert!(
                    understood.is_ok(),
                    "{}: {}",
                    case.name,
                    understood.unwrap_err()
                );
            }
        }
    }
}
