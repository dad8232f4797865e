//! Groups of simulated members, on a node of their own.

use serde_json::Value;

use super::CompareError;
use super::load;
use super::node::{Node, Stop};
use super::partitions::Partitions;
use super::product::Product;
use super::results::{Figure, Subject};
use super::site::Site;
use crate::process::Pid;

/// Members that come together, stay for one more to come and go, and leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members {
    /// `classic` or `consumer`.
    pub(super) protocol: &'static str,
    pub(super) members: u16,
    /// Groups that are measured.
    pub(super) groups: u16,
    /// How long nothing must be answered until all heartbeats are sent that come next. Milliseconds.
    pub(super) pause_ms: u16,
}

/// Members of a group that warms a node up.
const WARM_UP_MEMBERS: u16 = 1000;
/// Groups that go through a node of Apache Kafka before anything is measured, so that the JVM has compiled what they need.
const PEER_WARM_UP: u16 = 5;
const OTTLA_WARM_UP: u16 = 1;

/// What a group takes at most, beside its warm-up: pauses, mostly.
const SECONDS_PER_GROUP: u16 = 20;

impl Members {
    fn words(&self, bootstrap: &str, server: Pid) -> Vec<String> {
        let mut words = vec!["groups".to_owned(), "--json".to_owned()];
        let mut say = |key: &str, value: &dyn std::fmt::Display| {
            words.push(format!("--{key}={value}"));
        };
        say("bootstrap", &bootstrap);
        say("server-pid", &server.0);
        say("protocol", &self.protocol);
        say("members", &self.members);
        say("repeat", &self.groups);
        say("pause-ms", &self.pause_ms);
        words
    }

    /// The first group of a node that has seen none tells what memory one takes; those that are measured come behind the warm-up.
    pub(super) fn run(
        &self,
        site: &Site,
        product: &dyn Product,
    ) -> Result<Vec<(Figure, f64)>, CompareError> {
        let node = Node::format(site, product)?;
        let started = node.start()?;
        Partitions::new(1).first_ack(&node, &started)?;
        started.quiet()?;
        let run = |load: &Self| {
            let words = load.words(&node.bootstrap, started.pid());
            load::run(site, &words, SECONDS_PER_GROUP * load.groups)
        };
        let first = run(&Self { groups: 1, ..*self })?;
        let warm_up = match product.subject() {
            Subject::Kafka => PEER_WARM_UP,
            _ => OTTLA_WARM_UP,
        };
        run(&Self {
            members: WARM_UP_MEMBERS,
            groups: warm_up,
            ..*self
        })?;
        started.quiet()?;
        let line = run(self)?;
        started.stop(Stop::Clean)?;
        let mut figures = figures(&line);
        figures.extend(memory(&first));
        Ok(figures)
    }
}

/// Of the line that is printed of groups.
fn figures(line: &Value) -> Vec<(Figure, f64)> {
    [
        (Figure::ArriveSeconds, "/arrive/seconds"),
        (Figure::ArriveCpu, "/arrive/broker_cpu"),
        (Figure::ArrivePauses, "/arrive/pauses"),
        (Figure::ArriveGenerator, "/arrive/generator_cpu"),
        (Figure::JoinSeconds, "/join/seconds"),
        (Figure::JoinCpu, "/join/broker_cpu"),
        (Figure::LeaveSeconds, "/leave/seconds"),
        (Figure::LeaveCpu, "/leave/broker_cpu"),
    ]
    .into_iter()
    .filter_map(|(figure, pointer)| Some((figure, line.pointer(pointer)?.as_f64()?)))
    .collect()
}

fn memory(line: &Value) -> Option<(Figure, f64)> {
    let bytes = line.get("resident_per_member")?.as_f64()?;
    Some((Figure::ResidentPerMember, bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compare::cases::{CASES, Work};

    #[test]
    fn figures_are_what_the_line_tells() {
        let line = json!({
            "members": 10, "resident_per_member": 2048.0,
            "arrive": {"seconds": 0.5, "broker_cpu": 0.25, "pauses": 2.0},
            "leave": {"seconds": 0.125, "broker_cpu": null},
        });
        assert_eq!(
            figures(&line),
            [
                (Figure::ArriveSeconds, 0.5),
                (Figure::ArriveCpu, 0.25),
                (Figure::ArrivePauses, 2.0),
                (Figure::LeaveSeconds, 0.125),
            ]
        );
        assert_eq!(memory(&line), Some((Figure::ResidentPerMember, 2048.0)));
        assert_eq!(memory(&json!({})), None);
    }

    #[test]
    fn the_words_of_every_case_are_understood() {
        for case in CASES {
            if let Work::Members(load) = case.work {
                let words = load.words("127.0.0.1:1", Pid(1));
                let understood = crate::understands(words.iter().map(String::as_str));
                assert!(understood.is_ok(), "{}", case.name);
            }
        }
    }
}
