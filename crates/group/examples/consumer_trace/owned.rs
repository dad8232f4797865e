//! How topics with their partitions are written in a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use ottla_model::{PartitionIndex, TopicId};

use crate::text::{joined, list};

pub(crate) type Owned = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

pub(crate) fn show_id(TopicId(id): TopicId) -> String {
    format!("{:032x}", id.as_u128())
}

pub(crate) fn show_owned(owned: &Owned) -> String {
    let topics = owned.iter();
    show_topics(topics.map(|(topic, partitions)| (show_id(*topic), partitions)))
}

pub(crate) fn show_topics<'a>(
    topics: impl Iterator<Item = (impl Display, &'a BTreeSet<PartitionIndex>)>,
) -> String {
    let topics = topics.map(|(topic, partitions)| {
        let partitions = joined(partitions.iter().map(ToString::to_string), "+", "");
        format!("{topic}:{partitions}")
    });
    list(topics, ".")
}
