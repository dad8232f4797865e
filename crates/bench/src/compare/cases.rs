//! What is compared.

mod table;

pub(super) use table::CASES;

use super::bare_loop::BareLoop;
use super::load::{Client, Consume, Produce};
use super::members::Members;
use crate::size::{KIB, MIB};

/// Cases that are usually run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Limit,
    Produce,
    Shapes,
    Producers,
    Consume,
    Flush,
    Latency,
    Groups,
    Start,
    Connections,
    Restart,
    Flood,
}

impl Group {
    pub(super) const ALL: [Self; 12] = [
        Self::Limit,
        Self::Produce,
        Self::Shapes,
        Self::Producers,
        Self::Consume,
        Self::Flush,
        Self::Latency,
        Self::Groups,
        Self::Start,
        Self::Connections,
        Self::Restart,
        Self::Flood,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Produce => "produce",
            Self::Shapes => "shapes",
            Self::Producers => "producers",
            Self::Consume => "consume",
            Self::Flush => "flush",
            Self::Latency => "latency",
            Self::Groups => "groups",
            Self::Start => "start",
            Self::Connections => "connections",
            Self::Restart => "restart",
            Self::Flood => "flood",
        }
    }

    /// Above its table.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Limit => "Bare loops",
            Self::Produce => "Producing",
            Self::Shapes => "Codecs, partitions, acknowledgements",
            Self::Producers => "Fifty producers",
            Self::Consume => "Consuming",
            Self::Flush => "Synced before it is acknowledged",
            Self::Latency => "Latency at a fixed rate",
            Self::Groups => "Groups of consumers",
            Self::Start => "Start and idle memory",
            Self::Connections => "Memory of idle connections",
            Self::Restart => "Restart with many partitions",
            Self::Flood => "Two million records a second for a minute",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Unique; stands in files of results.
    pub(super) name: &'static str,
    pub(super) group: Group,
    /// How it differs from the base: 1 KiB records, not compressed, 16 partitions, one producer, acks=1.
    pub(super) title: &'static str,
    pub(super) work: Work,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    /// Beside the brokers: what none can beat.
    Loop(BareLoop),
    Produce(Produce),
    Consume(Consume),
    Members(Members),
    /// A node is started that holds nothing.
    Start,
    /// So many connections to a node, each of which has asked once and asks no more.
    Idle {
        connections: u16,
    },
    /// A node is started that holds so many partitions.
    Restart {
        partitions: u32,
    },
    /// Ottla alone, once: all that is acknowledged must be there.
    Flood(Produce),
}

/// All cases whose name or group is among `only`, with those that they refer to; all of them where there is none.
///
/// # Errors
/// The first of `only` that is neither.
pub(super) fn chosen(only: &[String]) -> Result<Vec<&'static Case>, String> {
    let names = |case: &Case, word: &str| case.name == word || case.group.name() == word;
    if let Some(unknown) = only
        .iter()
        .find(|word| !CASES.iter().any(|case| names(case, word)))
    {
        return Err(format!(
            "no case or group is called {unknown}; --list shows them"
        ));
    }
    let asked: Vec<_> = CASES
        .iter()
        .filter(|case| only.is_empty() || only.iter().any(|word| names(case, word)))
        .collect();
    let is_baseline = |name: &str| asked.iter().any(|case| case.baseline() == Some(name));
    Ok(CASES
        .iter()
        .filter(|case| is_baseline(case.name) || asked.iter().any(|asked| asked.name == case.name))
        .collect())
}

/// In no table twice, in the order of the table.
pub(super) fn in_group(group: Group) -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(move |case| case.group == group)
}

impl Case {
    pub(super) fn needs_librdkafka(&self) -> bool {
        match self.work {
            Work::Produce(load) | Work::Flood(load) => load.client == Client::Librdkafka,
            Work::Consume(load) => load.client == Client::Librdkafka,
            Work::Loop(_)
            | Work::Members(_)
            | Work::Start
            | Work::Idle { .. }
            | Work::Restart { .. } => false,
        }
    }

    fn baseline(&self) -> Option<&'static str> {
        match self.work {
            Work::Produce(load) => load.baseline,
            _ => None,
        }
    }

    /// Whether the echo server is put under it, too.
    pub(super) fn is_beside_echo(&self) -> bool {
        matches!(self.work, Work::Produce(load) if load.echo)
    }

    /// Bytes that it may have on the disk at a time, about.
    pub(super) fn disk_bytes(&self) -> u64 {
        match self.work {
            Work::Loop(_) => BareLoop::BYTES,
            Work::Produce(load) | Work::Flood(load) => load.disk_bytes(),
            Work::Consume(_) => Consume::FILLED,
            Work::Start | Work::Idle { .. } => MIB,
            Work::Members(_) => 64 * MIB,
            // Files that hold a record, and directories.
            Work::Restart { partitions } => u64::from(partitions) * 64 * KIB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_names_of_their_own_and_stand_by_group() {
        for case in CASES {
            let group = Group::ALL
                .into_iter()
                .find(|group| group.name() == case.name);
            // Whoever asks for the one gets the other, and nothing else.
            assert!(
                group.is_none_or(|group| in_group(group).count() == 1),
                "{}",
                case.name
            );
        }
        let mut names: Vec<_> = CASES.iter().map(|case| case.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CASES.len());
        let by_group = Group::ALL.into_iter().flat_map(in_group);
        assert!(
            by_group
                .map(|case| case.name)
                .eq(CASES.iter().map(|case| case.name))
        );
    }

    #[test]
    fn cases_are_chosen_by_name_and_by_group() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only: Vec<_> = only.iter().map(|word| (*word).to_owned()).collect();
            chosen(&only)
                .unwrap()
                .iter()
                .map(|case| case.name)
                .collect()
        };
        assert_eq!(
            names(&["restart", "10k"]),
            ["10k", "restart-1000", "restart-10000"]
        );
        assert_eq!(names(&["tail-5"]), ["tail-0", "tail-5"]);
        assert_eq!(names(&[]).len(), CASES.len());
        assert!(chosen(&["fast".to_owned()]).unwrap_err().contains("fast"));
    }

    #[test]
    fn a_baseline_is_measured_before_those_that_refer_to_it() {
        for (at, case) in CASES.iter().enumerate() {
            if let Work::Produce(Produce {
                baseline: Some(baseline),
                ..
            }) = case.work
            {
                assert!(CASES[..at].iter().any(|earlier| earlier.name == baseline));
            }
        }
    }
}
