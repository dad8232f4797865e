//! What was measured, as it lies in a file: one JSON object in a line for each figure, so that a run that is broken off
//! leaves what it has, and a later one can add to it.
//!
//! ```text
//! {"case":"produce","subject":"ottla","round":1,"figure":"cpu_per_gib","value":1.25}
//! {"case":"produce","subject":"kafka","round":1,"failure":"the broker has ended: ..."}
//! {"machine":"2 processors ...", ...}
//! ```

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::CompareError;
use super::machine::Machine;

/// Declares an enumeration whose values have names in files.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum $type { $($(#[$value_doc])* $value,)* }

        impl $type {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$value,)*];

            /// As it stands in a file of results.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }

            fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$value),)* _ => None }
            }
        }
    };
}

named! {
    /// Whose figure it is.
    Subject {
        Ottla = "ottla",
        Kafka = "kafka",
        /// The server that keeps nothing, under the same load.
        Echo = "echo",
        /// A bare loop of `limit`.
        Loop = "loop",
    }
}

impl Subject {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Ottla => "Ottla",
            Self::Kafka => "Apache Kafka",
            Self::Echo => "echo",
            Self::Loop => "bare loop",
        }
    }
}

named! {
    /// What a figure tells. Seconds, bytes, and shares and rates of them.
    Figure {
        /// CPU seconds of the broker for each GiB of batches produced or, where nobody produces, consumed.
        CpuPerGib = "cpu_per_gib",
        /// CPU seconds of the broker for each million of these records.
        CpuPerMillion = "cpu_per_million",
        /// CPU seconds of the broker for each GiB consumed, less what it takes to produce the same without consumers.
        CpuPerGibConsumed = "cpu_per_gib_consumed",
        RecordsPerSecond = "records_per_second",
        BytesPerSecond = "bytes_per_second",
        ConsumedBytesPerSecond = "consumed_bytes_per_second",
        P50 = "p50",
        P99 = "p99",
        P999 = "p99.9",
        P9999 = "p99.99",
        Longest = "max",
        /// Memory of the broker at the end of the case.
        Resident = "resident",
        /// The most memory that the broker had so far.
        Peak = "peak",
        /// Processors that the generator took.
        Generator = "generator",
        /// Until all members that came at once into an empty group have their parts, but for the time that they wait for their
        /// next heartbeats.
        ArriveSeconds = "arrive_seconds",
        /// CPU seconds of the broker for it.
        ArriveCpu = "arrive_cpu",
        /// How many times they wait for their next heartbeats.
        ArrivePauses = "arrive_pauses",
        /// CPU seconds of the generator for it.
        ArriveGenerator = "arrive_generator",
        /// The same for one more member.
        JoinSeconds = "join_seconds",
        JoinCpu = "join_cpu",
        /// The same for one that leaves.
        LeaveSeconds = "leave_seconds",
        LeaveCpu = "leave_cpu",
        /// By which a group of a node that had none before makes its memory grow, for each of its members.
        ResidentPerMember = "resident_per_member",
        /// From exec to the first acknowledged record.
        FirstAck = "first_ack",
        /// From exec after a clean stop to the first acknowledged record, and until every partition answers.
        CleanFirstAck = "clean_first_ack",
        CleanReady = "clean_ready",
        /// The same after SIGKILL.
        UncleanFirstAck = "unclean_first_ack",
        UncleanReady = "unclean_ready",
        /// Memory after the clean start, with nothing to do.
        CleanResident = "clean_resident",
    }
}

impl Figure {
    pub(super) const PERCENTILES: [Self; 4] = [Self::P50, Self::P99, Self::P999, Self::P9999];
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measurement {
    pub(super) case: String,
    pub(super) subject: Subject,
    /// Rounds of all runs are counted on.
    pub(super) round: u64,
    pub(super) figure: Figure,
    pub(super) value: f64,
}

/// A case that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) case: String,
    pub(super) subject: Subject,
    pub(super) round: u64,
    pub(super) what: String,
}

/// All that stands in a file of results.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) machines: Vec<Machine>,
    pub(super) measurements: Vec<Measurement>,
    pub(super) failures: Vec<Failure>,
}

impl Results {
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(super) fn read(path: &Path) -> Result<Self, CompareError> {
        let failed = || CompareError::io(|| path.display().to_string());
        let mut results = Self::default();
        let file = File::open(path).map_err(failed())?;
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(failed())?;
            results.take(&line).ok_or_else(|| {
                let line = number + 1;
                CompareError::Failed(format!("{}:{line}: no line of results", path.display()))
            })?;
        }
        Ok(results)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let value: Value = serde_json::from_str(line).ok()?;
        if value.get("machine").is_some() {
            self.machines.push(Machine::from_json(&value)?);
            return Some(());
        }
        let case = value.get("case")?.as_str()?.to_owned();
        let subject = Subject::of_name(value.get("subject")?.as_str()?)?;
        let round = value.get("round")?.as_u64()?;
        if let Some(failure) = value.get("failure") {
            self.failures.push(Failure {
                case,
                subject,
                round,
                what: failure.as_str()?.to_owned(),
            });
            return Some(());
        }
        self.measurements.push(Measurement {
            case,
            subject,
            round,
            figure: Figure::of_name(value.get("figure")?.as_str()?)?,
            value: value.get("value")?.as_f64()?,
        });
        Some(())
    }

    pub(super) fn last_round(&self) -> u64 {
        let rounds = self.measurements.iter().map(|one| one.round);
        rounds.max().unwrap_or(0)
    }

    /// In one round.
    pub(super) fn value(
        &self,
        case: &str,
        subject: Subject,
        figure: Figure,
        round: u64,
    ) -> Option<f64> {
        self.of(case, subject, figure)
            .find_map(|(of, value)| (of == round).then_some(value))
    }

    /// By round.
    pub(super) fn of(
        &self,
        case: &str,
        subject: Subject,
        figure: Figure,
    ) -> impl Iterator<Item = (u64, f64)> {
        self.measurements
            .iter()
            .filter(move |one| one.case == case && one.subject == subject && one.figure == figure)
            .map(|one| (one.round, one.value))
    }

    /// What `combine` makes of the values of two figures, for each round that has both.
    pub(super) fn pairs(
        &self,
        one: (&str, Subject, Figure),
        other: (&str, Subject, Figure),
        combine: impl Fn(f64, f64) -> f64,
    ) -> Vec<f64> {
        self.of(one.0, one.1, one.2)
            .filter_map(|(round, value)| {
                let beside = self.value(other.0, other.1, other.2, round)?;
                // Of nothing to nothing there is no ratio; that of something to nothing is infinite.
                Some(combine(value, beside)).filter(|combined| !combined.is_nan())
            })
            .collect()
    }
}

/// A file that results are added to while they come.
pub(super) struct Recorder {
    file: File,
    pub(super) results: Results,
}

impl Recorder {
    /// # Errors
    /// When there is a file already and nothing may be added to it, or the file system refuses.
    pub(super) fn open(path: &Path, append: bool) -> Result<Self, CompareError> {
        let results = if append && path.exists() {
            Results::read(path)?
        } else {
            Results::default()
        };
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(append)
            .truncate(!append)
            .open(path)
            .map_err(CompareError::io(|| path.display().to_string()))?;
        Ok(Self { file, results })
    }

    pub(super) fn machine(&mut self, machine: Machine) -> Result<(), CompareError> {
        self.write(&machine.to_json())?;
        self.results.machines.push(machine);
        Ok(())
    }

    pub(super) fn measured(&mut self, measurement: Measurement) -> Result<(), CompareError> {
        self.write(&json!({
            "case": measurement.case,
            "subject": measurement.subject.name(),
            "round": measurement.round,
            "figure": measurement.figure.name(),
            "value": measurement.value,
        }))?;
        self.results.measurements.push(measurement);
        Ok(())
    }

    pub(super) fn failed(&mut self, failure: Failure) -> Result<(), CompareError> {
        self.write(&json!({
            "case": failure.case,
            "subject": failure.subject.name(),
            "round": failure.round,
            "failure": failure.what,
        }))?;
        self.results.failures.push(failure);
        Ok(())
    }

    fn write(&mut self, line: &Value) -> Result<(), CompareError> {
        writeln!(self.file, "{line}").map_err(CompareError::io(|| "writing results".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(subject: Subject, round: u64, value: f64) -> Measurement {
        Measurement {
            case: "produce".to_owned(),
            subject,
            round,
            figure: Figure::CpuPerGib,
            value,
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for figure in Figure::ALL {
            assert_eq!(Figure::of_name(figure.name()), Some(*figure));
        }
        for subject in Subject::ALL {
            assert_eq!(Subject::of_name(subject.name()), Some(*subject));
        }
        assert_eq!(Figure::of_name("speed"), None);
    }

    #[test]
    fn what_is_recorded_is_read_and_added_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("results.jsonl");
        let mut recorder = Recorder::open(&path, false).unwrap();
        recorder
            .machine(Machine::here("Apache Kafka 4.3.1"))
            .unwrap();
        recorder
            .measured(measurement(Subject::Ottla, 1, 1.5))
            .unwrap();
        let failure = Failure {
            case: "produce".to_owned(),
            subject: Subject::Kafka,
            round: 1,
            what: "it says nothing".to_owned(),
        };
        recorder.failed(failure.clone()).unwrap();
        drop(recorder);
        let mut recorder = Recorder::open(&path, true).unwrap();
        assert_eq!(recorder.results.last_round(), 1);
        recorder
            .measured(measurement(Subject::Ottla, 2, 2.5))
            .unwrap();
        let results = Results::read(&path).unwrap();
        assert_eq!(results.machines.len(), 1);
        assert_eq!(results.failures, [failure]);
        assert_eq!(
            results.measurements,
            [
                measurement(Subject::Ottla, 1, 1.5),
                measurement(Subject::Ottla, 2, 2.5)
            ]
        );
        std::fs::write(&path, "{}\n").unwrap();
        assert!(Results::read(&path).is_err());
    }

    #[test]
    fn figures_are_paired_within_a_round() {
        let results = Results {
            measurements: vec![
                measurement(Subject::Ottla, 1, 1.0),
                measurement(Subject::Ottla, 2, 2.0),
                measurement(Subject::Kafka, 2, 8.0),
                measurement(Subject::Kafka, 3, 9.0),
            ],
            ..Results::default()
        };
        let ratios = results.pairs(
            ("produce", Subject::Ottla, Figure::CpuPerGib),
            ("produce", Subject::Kafka, Figure::CpuPerGib),
            |ours, theirs| ours / theirs,
        );
        assert_eq!(ratios, [0.25]);
    }

    #[test]
    fn of_nothing_to_nothing_there_is_no_ratio_and_of_something_to_nothing_an_infinite_one() {
        let results = Results {
            measurements: vec![
                measurement(Subject::Ottla, 1, 0.0),
                measurement(Subject::Kafka, 1, 0.0),
                measurement(Subject::Ottla, 2, 1.0),
                measurement(Subject::Kafka, 2, 0.0),
            ],
            ..Results::default()
        };
        let of = |subject| ("produce", subject, Figure::CpuPerGib);
        let ratio = |ours: f64, theirs: f64| ours / theirs;
        let ratios = results.pairs(of(Subject::Ottla), of(Subject::Kafka), ratio);
        assert_eq!(ratios, [f64::INFINITY]);
    }
}
