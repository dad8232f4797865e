//! What is asked of Ottla, as one table, and whether it is so.

use super::results::{Figure, Results, Subject};
use crate::spread::Spread;

/// One figure of a case and where it must lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    pub(super) case: &'static str,
    pub(super) what: &'static str,
    pub(super) of: Of,
    pub(super) bound: Bound,
}

/// What is held against the bound, in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Ottla's figure itself, in the unit that it is shown in.
    Ottla(Figure),
    /// Ottla's figure, of which the peer's is 1.
    RatioToKafka(Figure),
    /// The same of what both add to the figure of the echo server.
    AddedToEcho(Figure),
    /// Ottla's CPU time per GiB, of which that of this bare loop is 1.
    RatioToLoop(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// How a bar stands. The median is what counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) spread: Spread,
    pub(super) rounds: usize,
    pub(super) met: bool,
}

pub(super) const BARS: &[Bar] = &[
    at_most(
        "base",
        "CPU per GiB produced, one librdkafka producer",
        Of::RatioToKafka(Figure::CpuPerGib),
        0.25,
    ),
    at_most(
        "base-16k",
        "the same, batch.size=16384",
        Of::RatioToKafka(Figure::CpuPerGib),
        0.25,
    ),
    at_most(
        "small-50",
        "CPU per GiB, 50 producers of small batches",
        Of::RatioToKafka(Figure::CpuPerGib),
        0.3,
    ),
    at_most(
        "small-50-lean",
        "the same, lean",
        Of::RatioToKafka(Figure::CpuPerGib),
        0.3,
    ),
    at_most(
        "100b",
        "CPU per million 100-byte records, batched",
        Of::RatioToKafka(Figure::CpuPerMillion),
        0.25,
    ),
    at_most(
        "100b-16k",
        "the same, batch.size=16384",
        Of::RatioToKafka(Figure::CpuPerMillion),
        0.25,
    ),
    at_most(
        "100b-lean",
        "the same, lean",
        Of::RatioToKafka(Figure::CpuPerMillion),
        0.25,
    ),
    at_most(
        "fetch",
        "CPU per GiB consumed from the start",
        Of::RatioToKafka(Figure::CpuPerGib),
        0.4,
    ),
    at_most(
        "fetch-librdkafka",
        "the same, librdkafka",
        Of::RatioToKafka(Figure::CpuPerGib),
        0.4,
    ),
    at_most(
        "reader",
        "the same, while producers write",
        Of::RatioToKafka(Figure::CpuPerGibConsumed),
        0.4,
    ),
    at_most(
        "tail-5",
        "CPU per GiB consumed at the tail, 5 consumers",
        Of::RatioToKafka(Figure::CpuPerGibConsumed),
        0.4,
    ),
    at_most(
        "tail-1",
        "the same, 1 consumer",
        Of::RatioToKafka(Figure::CpuPerGibConsumed),
        0.4,
    ),
    at_most(
        "latency-5k",
        "p99 added, 5,000 records/s, linger.ms=0",
        Of::AddedToEcho(Figure::P99),
        0.2,
    ),
    at_most(
        "latency-5k",
        "p99.9 added, 5,000 records/s, linger.ms=0",
        Of::AddedToEcho(Figure::P999),
        0.2,
    ),
    at_most(
        "latency-20m",
        "p99 added, 20 MiB/s, linger.ms=5",
        Of::AddedToEcho(Figure::P99),
        0.2,
    ),
    at_most(
        "latency-20m",
        "p99.9 added, 20 MiB/s, linger.ms=5",
        Of::AddedToEcho(Figure::P999),
        0.2,
    ),
    at_least(
        "flush-50",
        "throughput, flush.messages=1, 50 producers",
        Of::RatioToKafka(Figure::RecordsPerSecond),
        5.0,
    ),
    at_least(
        "flush-50-lean",
        "the same, lean",
        Of::RatioToKafka(Figure::RecordsPerSecond),
        5.0,
    ),
    at_least(
        "flush-50-one",
        "the same, lean, 1 partition",
        Of::RatioToKafka(Figure::RecordsPerSecond),
        5.0,
    ),
    at_most(
        "classic-100",
        "CPU until 100 members settle, classic protocol",
        Of::RatioToKafka(Figure::ArriveCpu),
        0.1,
    ),
    at_most(
        "classic-100",
        "the same, time but for heartbeats waited for",
        Of::RatioToKafka(Figure::ArriveSeconds),
        0.1,
    ),
    at_most(
        "classic-1000",
        "CPU until 1,000 members settle, classic protocol",
        Of::RatioToKafka(Figure::ArriveCpu),
        0.1,
    ),
    at_most(
        "classic-1000",
        "the same, time but for heartbeats waited for",
        Of::RatioToKafka(Figure::ArriveSeconds),
        0.1,
    ),
    at_most(
        "consumer-100",
        "CPU until 100 members settle, KIP-848",
        Of::RatioToKafka(Figure::ArriveCpu),
        0.1,
    ),
    at_most(
        "consumer-100",
        "the same, time but for heartbeats waited for",
        Of::RatioToKafka(Figure::ArriveSeconds),
        0.1,
    ),
    at_most(
        "consumer-1000",
        "CPU until 1,000 members settle, KIP-848",
        Of::RatioToKafka(Figure::ArriveCpu),
        0.1,
    ),
    at_most(
        "consumer-1000",
        "the same, time but for heartbeats waited for",
        Of::RatioToKafka(Figure::ArriveSeconds),
        0.1,
    ),
    at_most("start", "idle memory", Of::Ottla(Figure::Resident), 20.0),
    at_most(
        "restart-10000",
        "memory with 10,000 partitions",
        Of::Ottla(Figure::Resident),
        100.0,
    ),
    at_most(
        "start",
        "exec to first acknowledged record",
        Of::Ottla(Figure::FirstAck),
        50.0,
    ),
    at_most(
        "restart-10000",
        "restart with 10,000 partitions, clean",
        Of::Ottla(Figure::CleanReady),
        1.0,
    ),
    at_most(
        "restart-10000",
        "restart with 10,000 partitions, unclean",
        Of::Ottla(Figure::UncleanReady),
        3.0,
    ),
    at_most(
        "lean",
        "CPU per GiB produced, of the bare loop's",
        Of::RatioToLoop("loop-receive"),
        1.5,
    ),
    at_most(
        "lean-1m",
        "the same, requests of 1 MiB",
        Of::RatioToLoop("loop-receive-1m"),
        1.5,
    ),
    at_most(
        "fetch",
        "CPU per GiB consumed, of the bare loop's",
        Of::RatioToLoop("loop-send"),
        1.3,
    ),
    at_least(
        "flood",
        "records of 100 B for a minute, none lost",
        Of::Ottla(Figure::RecordsPerSecond),
        2_000_000.0,
    ),
];

const fn at_most(case: &'static str, what: &'static str, of: Of, bound: f64) -> Bar {
    Bar {
        case,
        what,
        of,
        bound: Bound::AtMost(bound),
    }
}

const fn at_least(case: &'static str, what: &'static str, of: Of, bound: f64) -> Bar {
    Bar {
        case,
        what,
        of,
        bound: Bound::AtLeast(bound),
    }
}

impl Bar {
    /// `None` of a bar that no round has measured.
    pub(super) fn standing(&self, results: &Results) -> Option<Standing> {
        let values = self.of.values(self.case, results);
        let rounds = values.len();
        let spread = Spread::of(values)?;
        let met = match self.bound {
            Bound::AtMost(bound) => spread.median <= bound,
            Bound::AtLeast(bound) => spread.median >= bound,
        };
        Some(Standing {
            spread,
            rounds,
            met,
        })
    }
}

impl Of {
    /// One for each round that has all that it takes.
    pub(super) fn values(self, case: &str, results: &Results) -> Vec<f64> {
        let ratio = |ours: f64, theirs: f64| ours / theirs;
        match self {
            Self::Ottla(figure) => results
                .of(case, Subject::Ottla, figure)
                .map(|(_, value)| value / figure.scale())
                .collect(),
            Self::RatioToKafka(figure) => results.pairs(
                (case, Subject::Ottla, figure),
                (case, Subject::Kafka, figure),
                ratio,
            ),
            Self::RatioToLoop(bare_loop) => results.pairs(
                (case, Subject::Ottla, Figure::CpuPerGib),
                (bare_loop, Subject::Loop, Figure::CpuPerGib),
                ratio,
            ),
            Self::AddedToEcho(figure) => {
                let of = |subject| by_round_added(case, subject, figure, results);
                let theirs = of(Subject::Kafka);
                of(Subject::Ottla)
                    .into_iter()
                    .filter_map(|(round, ours)| {
                        let (_, theirs) = theirs.iter().find(|(other, _)| *other == round)?;
                        added_ratio(ours, *theirs)
                    })
                    .collect()
            }
        }
    }
}

/// What a broker adds to the figure of the echo server, in each round that has both.
pub(super) fn added(case: &str, subject: Subject, figure: Figure, results: &Results) -> Vec<f64> {
    let by_round = by_round_added(case, subject, figure, results);
    by_round.into_iter().map(|(_, added)| added).collect()
}

fn by_round_added(
    case: &str,
    subject: Subject,
    figure: Figure,
    results: &Results,
) -> Vec<(u64, f64)> {
    results
        .of(case, subject, figure)
        .filter_map(|(round, value)| {
            let echo = results.value(case, Subject::Echo, figure, round)?;
            Some((round, value - echo))
        })
        .collect()
}

/// Who adds less than nothing adds nothing: the echo server happened to be slower. Of nothing there is no ratio.
fn added_ratio(ours: f64, theirs: f64) -> Option<f64> {
    (theirs > 0.0).then(|| ours.max(0.0) / theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::cases::CASES;
    use crate::compare::results::Measurement;

    fn results(values: &[(&str, Subject, u64, Figure, f64)]) -> Results {
        let measurements = values
            .iter()
            .map(|(case, subject, round, figure, value)| Measurement {
                case: (*case).to_owned(),
                subject: *subject,
                round: *round,
                figure: *figure,
                value: *value,
            });
        Results {
            measurements: measurements.collect(),
            ..Results::default()
        }
    }

    #[test]
    fn bars_are_of_cases_that_there_are() {
        let exists = |name: &str| CASES.iter().any(|case| case.name == name);
        for bar in BARS {
            assert!(exists(bar.case), "{}", bar.case);
            if let Of::RatioToLoop(bare_loop) = bar.of {
                assert!(exists(bare_loop), "{bare_loop}");
            }
        }
    }

    #[test]
    fn the_median_of_the_rounds_decides() {
        let figure = Figure::CpuPerGib;
        let measured = results(&[
            ("produce", Subject::Ottla, 1, figure, 1.0),
            ("produce", Subject::Kafka, 1, figure, 5.0),
            ("produce", Subject::Ottla, 2, figure, 1.0),
            ("produce", Subject::Kafka, 2, figure, 4.0),
            ("produce", Subject::Ottla, 3, figure, 9.0),
            ("produce", Subject::Kafka, 3, figure, 9.0),
        ]);
        let bar = at_most("produce", "", Of::RatioToKafka(figure), 0.25);
        let standing = bar.standing(&measured).unwrap();
        assert_eq!(
            (standing.spread.median, standing.rounds, standing.met),
            (0.25, 3, true)
        );
        let bar = at_least("produce", "", Of::RatioToKafka(figure), 0.3);
        assert!(!bar.standing(&measured).unwrap().met);
        let bar = at_most("fetch", "", Of::RatioToKafka(figure), 0.25);
        assert_eq!(bar.standing(&measured), None);
    }

    #[test]
    fn what_is_added_is_more_than_the_echo_takes() {
        let figure = Figure::P99;
        let of = |round, ottla, kafka, echo| {
            [
                ("latency-5k", Subject::Ottla, round, figure, ottla),
                ("latency-5k", Subject::Kafka, round, figure, kafka),
                ("latency-5k", Subject::Echo, round, figure, echo),
            ]
        };
        let rounds = [
            of(1, 0.003, 0.009, 0.001),
            of(2, 0.0, 0.009, 0.001),
            of(3, 0.002, 0.001, 0.001),
        ];
        let values = Of::AddedToEcho(figure).values("latency-5k", &results(&rounds.concat()));
        assert_eq!(values, [0.25, 0.0]);
    }
}
