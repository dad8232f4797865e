//! What is played in a world, and how it is judged.

pub mod broker;
pub mod journal;
pub mod log;

use std::fmt;
use std::time::Duration;

use crate::Stuck;

/// Longer than any scenario takes in virtual time.
pub(crate) const LIMIT: Duration = Duration::from_secs(3600);

/// What can be played.
pub struct Scenario {
    pub name: &'static str,
    /// Plays it under a seed, with nothing planted.
    pub play: fn(u64) -> Result<Played, Failure>,
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "journal",
        play: |seed| journal::play(seed, journal::Server::Careful),
    },
    Scenario {
        name: "log",
        play: |seed| log::play(seed, log::Promise::WhenSynced),
    },
    Scenario {
        name: "broker",
        play: |seed| broker::play(seed, broker::Planted::Nothing),
    },
    Scenario {
        name: "damage",
        play: broker::damage::play,
    },
];

/// What one run of a scenario came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Equal for equal seeds.
    pub trace: u64,
    /// Facts that were judged; a scenario that judges nothing proves nothing.
    pub judged: u64,
}

/// What a judge found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Stuck(Stuck),
    Violated(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stuck(stuck) => stuck.fmt(f),
            Self::Violated(what) => f.write_str(what),
        }
    }
}
