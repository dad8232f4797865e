//! Loads on one node, one after the other, each on a topic of its own.

use super::CompareError;
use super::cases::{CASES, Case, Work};
use super::load::{self, Consume, Produce, Target};
use super::node::{Node, Started, Stop};
use super::partitions::Partitions;
use super::product::Product;
use super::results::Figure;
use super::site::Site;
use crate::size::Size;

/// What a case of loads runs for at most, beside its warm-up.
const MOST_SECONDS: u16 = 60;

/// A node that takes loads; it is stopped with this value.
pub(super) struct Session<'a> {
    site: &'a Site,
    // Before its node: the process goes first, then its files.
    started: Started,
    node: Node<'a>,
    seconds: Option<u16>,
}

impl<'a> Session<'a> {
    /// Starts a node that holds nothing. `seconds` is how long loads are measured, in place of what their cases say.
    pub(super) fn start(
        site: &'a Site,
        product: &'a dyn Product,
        seconds: Option<u16>,
    ) -> Result<Self, CompareError> {
        let node = Node::format(site, product)?;
        let started = node.start()?;
        Partitions::new(1).first_ack(&node, &started)?;
        Ok(Self {
            site,
            started,
            node,
            seconds,
        })
    }

    /// Puts so many bytes through the node: half of them produced and a quarter consumed by lean clients, a quarter by the client
    /// that users run, where it is among the cases. Then some small requests, of which there are many more.
    pub(super) fn warm_up(&self, bytes: Size, with_librdkafka: bool) -> Result<(), CompareError> {
        let target = self.target("warm-up");
        let run = |words: Vec<String>| load::run(self.site, &words, MOST_SECONDS).map(drop);
        let part = |share: u64| Size((bytes.0 / share).max(1));
        run(Consume::words_to_fill(&target, part(2)))?;
        run(Consume::words_to_warm_up(&target, part(4)))?;
        for case in CASES {
            let (Work::Produce(load), Some(share)) = (case.work, warm_up_share(case)) else {
                continue;
            };
            if with_librdkafka || !case.needs_librdkafka() {
                let load = Produce {
                    warm_up: 1,
                    bytes: part(share).0,
                    seconds: MOST_SECONDS,
                    ..load
                };
                run(load.words(&Target {
                    seconds: None,
                    ..self.target(case.name)
                }))?;
            }
        }
        self.node.settle(&self.started)
    }

    /// Runs a case, which is a load.
    pub(super) fn run(&self, case: &Case) -> Result<Vec<(Figure, f64)>, CompareError> {
        self.started.check()?;
        let target = self.target(case.name);
        let outcome = match case.work {
            Work::Produce(load) | Work::Flood(load) => load::run(
                self.site,
                &load.words(&target),
                load.seconds.max(MOST_SECONDS),
            ),
            Work::Consume(load) => {
                let fill = Consume::words_to_fill(&target, Size(Consume::FILLED));
                load::run(self.site, &fill, MOST_SECONDS)?;
                load::run(self.site, &load.words(&target), MOST_SECONDS)
            }
            Work::Loop(_)
            | Work::Members(_)
            | Work::Start
            | Work::Idle { .. }
            | Work::Restart { .. } => {
                let problem = format!("{} is no load", case.name);
                return Err(CompareError::Failed(problem));
            }
        };
        // Also where it has failed: the next case finds nothing of it.
        let settled = self.node.settle(&self.started);
        let line = outcome?;
        settled?;
        Ok(load::figures(&line))
    }

    pub(super) fn stop(self) -> Result<(), CompareError> {
        self.started.stop(Stop::Clean)
    }

    fn target(&self, topic: &str) -> Target {
        Target {
            bootstrap: self.node.bootstrap.clone(),
            topic: topic.to_owned(),
            server: Some(self.started.pid()),
            seconds: self.seconds,
        }
    }
}

/// Of the bytes of a warm-up; `None` where a case is no part of it.
fn warm_up_share(case: &Case) -> Option<u64> {
    match case.name {
        "base" => Some(4),
        "small-50-lean" => Some(256),
        _ => None,
    }
}
