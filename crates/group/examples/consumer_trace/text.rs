//! How things are written in a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ottla_model::{PartitionIndex, TopicId};

pub(crate) type Owned = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

pub(crate) fn show_id(TopicId(id): TopicId) -> String {
    format!("{:032x}", id.as_u128())
}

pub(crate) fn show_owned(owned: &Owned) -> String {
    if owned.is_empty() {
        return ".".to_owned();
    }
    let topics = owned.iter().map(|(topic, partitions)| {
        let partitions: Vec<String> = partitions.iter().map(ToString::to_string).collect();
        format!("{}:{}", show_id(*topic), partitions.join("+"))
    });
    topics.collect::<Vec<_>>().join(",")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::from("x");
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

pub(crate) fn text(text: &str) -> &str {
    if text.is_empty() { "." } else { text }
}

pub(crate) fn optional(value: Option<&str>) -> &str {
    value.map_or("-", text)
}
