//! The keys, a file per subject.

mod cleaner;
mod delegation_token;
mod general;
mod groups;
mod kraft;
mod log;
mod network;
mod quota;
mod replication;
mod security;
mod share;
mod tiered_storage;
mod topics;
mod transactions;

pub(crate) use crate::key::{Key, Kind, Update};

/// Of brokers and controllers.
const SERVER: [&[Key]; 13] = [
    general::KEYS,
    network::KEYS,
    log::KEYS,
    replication::KEYS,
    kraft::KEYS,
    groups::KEYS,
    share::KEYS,
    transactions::KEYS,
    cleaner::KEYS,
    quota::KEYS,
    tiered_storage::KEYS,
    security::KEYS,
    delegation_token::KEYS,
];

pub fn server() -> impl Iterator<Item = &'static Key> {
    SERVER.into_iter().flatten()
}

pub fn topic() -> impl Iterator<Item = &'static Key> {
    topics::KEYS.iter()
}

#[must_use]
pub fn server_key(name: &str) -> Option<&'static Key> {
    server().find(|key| key.name == name)
}

#[must_use]
pub fn topic_key(name: &str) -> Option<&'static Key> {
    topic().find(|key| key.name == name)
}

/// The broker keys that set a topic key's default, the strongest first, and what one of their units is in the topic key's.
#[must_use]
pub fn synonyms(topic_key: &str) -> &'static [(&'static str, i64)] {
    topics::synonyms(topic_key)
}

/// The names that set the same thing as a broker key, the strongest first; the key alone where there are no others.
#[must_use]
pub fn broker_synonyms(name: &str) -> Vec<&'static str> {
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

/// The default of a topic key that holds a number.
pub(crate) fn topic_default(name: &str) -> i64 {
    let default = topic_key(name)
        .and_then(|key| key.default)
        .and_then(|text| text.parse().ok());
    default.expect(
        "a number is asked for by the name of a topic key that holds one, which has a default",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn names_are_unique_and_defaults_are_values() {
        for keys in [server().collect::<Vec<_>>(), topic().collect()] {
            let mut names: Vec<_> = keys.iter().map(|key| key.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), keys.len());
            for key in keys {
                assert!(!key.doc.is_empty());
                if let Some(default) = key.default {
                    Value::parse(key, default).unwrap();
                }
            }
        }
    }

    #[test]
    fn every_synonym_is_a_broker_key() {
        for key in topic() {
            for (name, _) in synonyms(key.name) {
                assert!(server_key(name).is_some(), "{name}");
            }
        }
    }
}
