//! The names by which one thing can be set.

use super::{Key, server_key};

/// The broker keys that set a topic key's default, the strongest first, and what one of their units is in the topic key's.
#[must_use]
pub fn synonyms(topic_key: &str) -> &'static [(&'static str, i64)] {
    match topic_key {
        "segment.bytes" => &[("log.segment.bytes", 1)],
        "segment.ms" => &[("log.roll.ms", 1), ("log.roll.hours", 3600000)],
        "segment.jitter.ms" => &[
            ("log.roll.jitter.ms", 1),
            ("log.roll.jitter.hours", 3600000),
        ],
        "segment.index.bytes" => &[("log.index.size.max.bytes", 1)],
        "flush.messages" => &[("log.flush.interval.messages", 1)],
        "flush.ms" => &[
            ("log.flush.interval.ms", 1),
            ("log.flush.scheduler.interval.ms", 1),
        ],
        "retention.bytes" => &[("log.retention.bytes", 1)],
        "retention.ms" => &[
            ("log.retention.ms", 1),
            ("log.retention.minutes", 60000),
            ("log.retention.hours", 3600000),
        ],
        "max.message.bytes" => &[("message.max.bytes", 1)],
        "index.interval.bytes" => &[("log.index.interval.bytes", 1)],
        "delete.retention.ms" => &[("log.cleaner.delete.retention.ms", 1)],
        "min.compaction.lag.ms" => &[("log.cleaner.min.compaction.lag.ms", 1)],
        "max.compaction.lag.ms" => &[("log.cleaner.max.compaction.lag.ms", 1)],
        "file.delete.delay.ms" => &[("log.segment.delete.delay.ms", 1)],
        "min.cleanable.dirty.ratio" => &[("log.cleaner.min.cleanable.ratio", 1)],
        "cleanup.policy" => &[("log.cleanup.policy", 1)],
        "preallocate" => &[("log.preallocate", 1)],
        "message.timestamp.type" => &[("log.message.timestamp.type", 1)],
        "message.timestamp.before.max.ms" => &[("log.message.timestamp.before.max.ms", 1)],
        "message.timestamp.after.max.ms" => &[("log.message.timestamp.after.max.ms", 1)],
        "local.retention.ms" => &[("log.local.retention.ms", 1)],
        "local.retention.bytes" => &[("log.local.retention.bytes", 1)],
        "unclean.leader.election.enable" => &[("unclean.leader.election.enable", 1)],
        "min.insync.replicas" => &[("min.insync.replicas", 1)],
        "compression.type" => &[("compression.type", 1)],
        "compression.gzip.level" => &[("compression.gzip.level", 1)],
        "compression.lz4.level" => &[("compression.lz4.level", 1)],
        "compression.zstd.level" => &[("compression.zstd.level", 1)],
        _ => &[],
    }
}

/// What `listener.name.LISTENER.KEY` and, of SASL, `listener.name.LISTENER.MECHANISM.KEY` mean: the listener, and the key where there is one.
pub(crate) fn of_listener(name: &str) -> Option<(&str, Option<&'static Key>)> {
    let (listener, own) = name.strip_prefix("listener.name.")?.split_once('.')?;
    let of_mechanism = || own.split_once('.').and_then(|(_, own)| server_key(own));
    Some((listener, server_key(own).or_else(of_mechanism)))
}

/// The names that set the same thing as a broker key, the strongest first; the key alone where there are no others.
pub(crate) fn broker_synonyms(name: &str) -> Vec<&'static str> {
    const GROUPS: [&[&str]; 4] = [
        &["log.roll.ms", "log.roll.hours"],
        &["log.roll.jitter.ms", "log.roll.jitter.hours"],
        &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
        &[
            "log.retention.ms",
            "log.retention.minutes",
            "log.retention.hours",
        ],
    ];
    match GROUPS.iter().find(|group| group.contains(&name)) {
        Some(group) => group.to_vec(),
        None => server_key(name).map(|key| key.name).into_iter().collect(),
    }
}

/// The broker key that sets a group key's default.
#[must_use]
pub fn group_synonym(group_key: &str) -> Option<&'static str> {
    server_key(&format!("group.{group_key}")).map(|key| key.name)
}
