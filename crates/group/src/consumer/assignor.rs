//! Who is to have which partition: the assignors of the broker.
//!
//! None looks at racks, as none of Kafka 4.3's does.

mod balance;
mod range;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_model::TopicId;

use super::Partitions;

/// Named by members in their heartbeats, and in `group.consumer.assignors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// As many partitions for each as can be, and as few moves.
    Uniform,
    /// Of each topic a range, the same for topics with as many partitions and subscribers.
    Range,
}

impl Assignor {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Uniform, Self::Range]
            .into_iter()
            .find(|assignor| assignor.name() == name)
    }

    /// Each partition of each topic that a member subscribes to goes to one of its subscribers. `topics` tells the number of partitions of
    /// all that are subscribed to.
    #[must_use]
    pub fn assign(
        self,
        members: &BTreeMap<Arc<str>, Subscriber<'_>>,
        topics: &BTreeMap<TopicId, i32>,
    ) -> BTreeMap<Arc<str>, Partitions> {
        match self {
            Self::Uniform => uniform::assign(members, topics),
            Self::Range => range::assign(members, topics),
        }
    }
}

/// What an assignor knows of a member.
#[derive(Clone, Debug)]
pub struct Subscriber<'a> {
    pub instance_id: Option<&'a str>,
    /// Those that exist.
    pub topics: Arc<BTreeSet<TopicId>>,
    /// What it was to have so far. No partition stands with two members.
    pub target: Arc<Partitions>,
}
