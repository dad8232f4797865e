//! The keys, a file per subject.

mod authorizer;
mod cleaner;
mod client_metrics;
mod delegation_token;
mod general;
mod group_configs;
mod groups;
mod kraft;
mod log;
mod metrics;
mod network;
mod oauth;
mod quota;
mod removed;
mod replication;
mod sasl;
mod security;
mod share;
mod streams_groups;
mod synonyms;
mod tiered_storage;
mod tls;
mod topics;
mod transactions;

pub(crate) use crate::key::{Form, Key};
pub(crate) use removed::was_removed;
pub(crate) use synonyms::{broker_synonyms, of_listener};
pub use synonyms::{group_synonym, synonyms};

/// `/// A sentence.` `"name": Kind = "default", property, …;` A key without a default has the default null.
macro_rules! keys {
    ($(
        $(#[doc = $doc:literal])+
        $name:literal: $kind:ident $(= $default:literal)? $(, $property:ident $(($($argument:expr),+))?)*;
    )*) => {
        &[$(
            Key::new(
                $name,
                $crate::key::Kind::$kind,
                $crate::table::default_of(&[$($default)?]),
                concat!($($doc),+).trim_ascii(),
            )
            $(.$property($($($argument),+)?))*
        ),*]
    };
}
pub(crate) use keys;

const fn default_of(given: &[&'static str]) -> Option<&'static str> {
    match given {
        [default] => Some(default),
        _ => None,
    }
}

/// Of brokers and controllers.
const SERVER: &[&[Key]] = &[
    general::KEYS,
    network::KEYS,
    log::KEYS,
    cleaner::KEYS,
    replication::KEYS,
    kraft::KEYS,
    groups::KEYS,
    streams_groups::KEYS,
    share::KEYS,
    transactions::KEYS,
    quota::KEYS,
    tiered_storage::KEYS,
    security::KEYS,
    tls::KEYS,
    sasl::KEYS,
    oauth::KEYS,
    delegation_token::KEYS,
    metrics::KEYS,
    authorizer::KEYS,
];

const _: () = {
    assert!(is_unique(SERVER), "a broker key stands twice");
    assert!(is_unique(&[topics::KEYS]), "a topic key stands twice");
    assert!(
        is_unique(&[group_configs::KEYS]),
        "a group key stands twice"
    );
    assert!(
        is_unique(&[client_metrics::KEYS]),
        "a client-metrics key stands twice"
    );
};

/// Whether every name stands once.
const fn is_unique(tables: &[&[Key]]) -> bool {
    let mut table = 0;
    while table < tables.len() {
        let mut at = 0;
        while at < tables[table].len() {
            let (mut other_table, mut other) = (table, at + 1);
            while other_table < tables.len() {
                while other < tables[other_table].len() {
                    if is_same(tables[table][at].name, tables[other_table][other].name) {
                        return false;
                    }
                    other += 1;
                }
                (other_table, other) = (other_table + 1, 0);
            }
            at += 1;
        }
        table += 1;
    }
    true
}

/// From the end, where names differ soonest.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = one.len();
    while at > 0 {
        at -= 1;
        if one[at] != other[at] {
            return false;
        }
    }
    true
}

/// The keys that a broker lists among its own.
pub fn server() -> impl Iterator<Item = &'static Key> {
    known().filter(|key| key.is_listed)
}

/// The keys that a topic lists.
pub fn topic() -> impl Iterator<Item = &'static Key> {
    topics::KEYS.iter().filter(|key| key.is_listed)
}

/// The keys of topics, with those that none lists.
pub(crate) fn all_of_topics() -> impl Iterator<Item = &'static Key> {
    topics::KEYS.iter()
}

/// The keys of consumer, share and streams groups.
pub fn group() -> impl Iterator<Item = &'static Key> {
    group_configs::KEYS.iter()
}

/// The keys of a client-metrics subscription.
pub fn client_metrics() -> impl Iterator<Item = &'static Key> {
    client_metrics::KEYS.iter()
}

/// All names that mean something in a file, with those that no broker lists.
pub(crate) fn known() -> impl Iterator<Item = &'static Key> {
    SERVER.iter().copied().flatten()
}

/// Listed or not.
#[must_use]
pub fn server_key(name: &str) -> Option<&'static Key> {
    known().find(|key| key.name == name)
}

/// Listed or not.
#[must_use]
pub fn topic_key(name: &str) -> Option<&'static Key> {
    topics::KEYS.iter().find(|key| key.name == name)
}

#[must_use]
pub fn group_key(name: &str) -> Option<&'static Key> {
    group().find(|key| key.name == name)
}

#[must_use]
pub fn client_metrics_key(name: &str) -> Option<&'static Key> {
    client_metrics().find(|key| key.name == name)
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
    use crate::key::Support;
    use crate::value::Value;

    fn all() -> impl Iterator<Item = &'static Key> {
        known()
            .chain(topics::KEYS)
            .chain(group())
            .chain(client_metrics())
    }

    #[test]
    fn defaults_are_values_and_docs_are_sentences() {
        for key in all() {
            assert!(key.doc.ends_with('.'), "{}: {}", key.name, key.doc);
            assert!(key.doc.starts_with(char::is_uppercase), "{}", key.name);
            if let Some(default) = key.default {
                let value = Value::parse(key, default).unwrap();
                assert_eq!(Value::parse(key, &value.to_string()), Ok(value));
            }
        }
    }

    #[test]
    fn the_numbers_of_listed_keys_are_kafkas() {
        // As `kafka-configs --describe --all` counts them at 4.3.1.
        assert_eq!(server().count(), 340);
        assert_eq!(topic().count(), 33);
        assert_eq!(group().count(), 17);
        assert_eq!(client_metrics().count(), 3);
    }

    #[test]
    fn a_broker_key_that_sets_a_topic_keys_default_has_as_much_effect() {
        for key in topic() {
            for (name, _) in synonyms(key.name) {
                let broker = server_key(name).unwrap();
                // A controller reads this one of its own.
                let is_honoured = |key: &Key| key.support == Support::Honoured;
                assert_eq!(is_honoured(broker), is_honoured(key), "{name}");
            }
        }
    }

    /// The page that tells users which keys do nothing.
    #[test]
    fn every_key_without_effect_stands_in_the_docs_with_its_reason() {
        let page = include_str!("../../../docs/configuration.md");
        let (_, list) = page
            .split_once("## Keys that are accepted without effect")
            .unwrap();
        let rows = list
            .lines()
            .filter_map(|line| line.strip_prefix("| "))
            .skip(1);
        let mut told = std::collections::BTreeSet::new();
        for row in rows {
            let (reason, names) = row.split_once(" | ").unwrap();
            assert!(reason.ends_with('.'), "{reason}");
            for name in names.trim_end_matches(" |").split(' ') {
                let name = name.trim_matches('`');
                assert!(told.insert(name), "{name} stands twice");
            }
        }
        let ignored = all().filter(|key| key.support == Support::Ignored);
        let ignored = ignored.map(|key| key.name).collect();
        let missing: Vec<_> = told.symmetric_difference(&ignored).collect();
        assert!(
            missing.is_empty(),
            "in the docs or in the table only: {missing:?}"
        );
    }

    #[test]
    fn group_keys_take_their_defaults_from_the_broker() {
        assert_eq!(
            group_synonym("share.session.timeout.ms"),
            Some("group.share.session.timeout.ms")
        );
        assert_eq!(group_synonym("share.isolation.level"), None);
        for key in group() {
            if let Some(broker) = group_synonym(key.name).and_then(server_key) {
                assert_eq!((broker.kind, broker.default), (key.kind, key.default));
            }
        }
    }
}
