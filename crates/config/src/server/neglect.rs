//! What was set and has no effect: somebody should know. Where the node would be more open for it, it does not start.

use super::check::is_standard;
use super::source::{Origin, Source};
use super::{ConfigError, Warning};
use crate::connections::OF_LISTENERS;
use crate::key::{Key, Support};
use crate::listeners::Listeners;
use crate::table;
use crate::value::Value;

/// How alike two names are, of at most 1, for one to be suggested for the other.
const ALIKE: f64 = 0.7;

/// What plugins' own keys begin with. Whether the plugin has an effect is said where it is named.
const OF_PLUGINS: [&str; 2] = ["config.providers.", "metrics.jmx."];
const PLUGIN_PREFIXES: [&str; 2] = [
    "remote.log.storage.manager.impl.prefix",
    "remote.log.metadata.manager.impl.prefix",
];

/// One for each key. The error is of a key whose neglect would weaken security.
pub(super) fn warnings(
    source: &Source,
    listeners: &Listeners,
) -> Result<Vec<Warning>, ConfigError> {
    let mut found: Vec<(&Origin, String)> = Vec::new();
    for (origin, key, value) in source.explicit() {
        if let Some(problem) = neglected(origin, key.name, key, value)? {
            found.push((origin, format!("{}: {problem}", key.name)));
        } else if key.name == "authorizer.class.name"
            && matches!(value, Value::Text(name) if is_standard(name))
        {
            let problem = "it is not asked in this release: everybody may do everything, as allow.everyone.if.no.acl.found says";
            found.push((origin, format!("{}: {problem}", key.name)));
        }
    }
    for (name, (origin, text)) in &source.strangers {
        if let Some(problem) = stranger(source, listeners, origin, name, text)? {
            found.push((origin, format!("{name}: {problem}")));
        }
    }
    found.sort_by_key(|(origin, _)| *origin);
    let shown = found.into_iter();
    Ok(shown
        .map(|(origin, text)| Warning(format!("{origin}: {text}")))
        .collect())
}

/// What is wrong with setting `name`, if anything; it means `key`.
fn neglected(
    origin: &Origin,
    name: &str,
    key: &Key,
    value: &Value,
) -> Result<Option<String>, ConfigError> {
    let default = key.default.and_then(|text| Value::parse(key, text).ok());
    if key.is_dynamic_only {
        return Ok(Some(
            "it has no effect in a file; set it while the node runs".to_owned(),
        ));
    }
    let is_taken = name == key.name || OF_LISTENERS.contains(&key.name);
    if default.as_ref() == Some(value) || is_taken && key.support == Support::Honoured {
        return Ok(None);
    }
    if key.support == Support::Protects {
        return Err(ConfigError(format!(
            "{origin}: {name}: this release does not honour it, and the node would be more open than is meant; remove it to start nevertheless"
        )));
    }
    Ok(Some(
        "this release does not honour it, and it has no effect".to_owned(),
    ))
}

/// The same of a name that no broker key has.
fn stranger(
    source: &Source,
    listeners: &Listeners,
    origin: &Origin,
    name: &str,
    text: &str,
) -> Result<Option<String>, ConfigError> {
    if let Some(rest) = name.strip_prefix("listener.name.") {
        return of_listener(listeners, origin, name, rest, text);
    }
    let prefixes = PLUGIN_PREFIXES.iter().filter_map(|key| source.text(key));
    let mut prefixes = prefixes.chain(OF_PLUGINS.map(str::to_owned));
    if prefixes.any(|prefix| name.starts_with(&prefix)) {
        return Ok(None);
    }
    if table::was_removed(name) {
        return Ok(Some(
            "Kafka 4.0 removed it, and it has no effect".to_owned(),
        ));
    }
    Ok(Some(unknown(name)))
}

/// `listener.name.LISTENER.KEY`, or for SASL `listener.name.LISTENER.MECHANISM.KEY`.
fn of_listener(
    listeners: &Listeners,
    origin: &Origin,
    name: &str,
    rest: &str,
    text: &str,
) -> Result<Option<String>, ConfigError> {
    let of_this = |listener: &&crate::Listener| {
        let prefix = listener.name.to_ascii_lowercase();
        rest.strip_prefix(&prefix)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let Some(listener) = listeners.bound.iter().find(of_this) else {
        return Ok(Some(
            "there is no such listener, and it has no effect".to_owned(),
        ));
    };
    let own = &rest[listener.name.len() + 1..];
    let Some((_, Some(key))) = table::of_listener(name) else {
        return Ok(Some(unknown(own)));
    };
    let value = Value::parse(key, text)
        .map_err(|error| ConfigError(format!("{origin}: {name}: {error}")))?;
    neglected(origin, name, key, &value)
}

fn unknown(name: &str) -> String {
    let alike = |key: &&Key| strsim::normalized_damerau_levenshtein(key.name, name);
    let nearest = table::known()
        .max_by(|a, b| alike(a).total_cmp(&alike(b)))
        .filter(|key| alike(key) >= ALIKE);
    match nearest {
        Some(key) => format!(
            "it is not a known key and has no effect; the nearest known one is {}",
            key.name
        ),
        None => "it is not a known key and has no effect".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::server::tests::{refused, warnings};

    const IGNORED: &str = "this release does not honour it, and it has no effect";

    #[test]
    fn a_known_key_without_effect_is_named_with_its_line_unless_it_is_at_its_default() {
        assert_eq!(warnings("num.io.threads=8\nnum.partitions=3"), [""; 0]);
        assert_eq!(
            warnings("num.io.threads=4\nqueued.max.requests=9\nnum.io.threads=16"),
            [
                format!("s:8: queued.max.requests: {IGNORED}"),
                format!("s:9: num.io.threads: {IGNORED}"),
            ]
        );
        assert_eq!(
            warnings("leader.replication.throttled.rate=5"),
            [
                "s:7: leader.replication.throttled.rate: it has no effect in a file; set it while the node runs"
            ]
        );
    }

    #[test]
    fn an_unknown_key_is_met_with_the_nearest() {
        let unknown = "it is not a known key and has no effect";
        for (name, nearest) in [
            ("num.partition", "num.partitions"),
            ("auto.create.topics", "auto.create.topics.enable"),
            ("log.retention.hour", "log.retention.hours"),
        ] {
            assert_eq!(
                warnings(&format!("{name}=1")),
                [format!(
                    "s:7: {name}: {unknown}; the nearest known one is {nearest}"
                )]
            );
        }
        assert_eq!(warnings("my.own=1"), [format!("s:7: my.own: {unknown}")]);
        assert_eq!(
            warnings("zookeeper.connect=a"),
            ["s:7: zookeeper.connect: Kafka 4.0 removed it, and it has no effect"]
        );
    }

    #[test]
    fn a_plugins_own_keys_are_its_own() {
        assert_eq!(
            warnings("rsm.config.bucket=a\nrlmm.config.x=y\nmetrics.jmx.exclude=z"),
            [""; 0]
        );
        let other = "remote.log.storage.manager.impl.prefix=mine.\nmine.bucket=a";
        assert_eq!(
            warnings(other),
            [format!(
                "s:7: remote.log.storage.manager.impl.prefix: {IGNORED}"
            )]
        );
    }

    #[test]
    fn a_listeners_own_keys_are_known_by_its_name() {
        let own = |key: &str| warnings(&format!("listener.name.{key}"));
        assert_eq!(
            own("plaintext.num.network.threads=5"),
            [format!(
                "s:7: listener.name.plaintext.num.network.threads: {IGNORED}"
            )]
        );
        assert_eq!(own("plaintext.max.connections=5"), [""; 0]);
        assert_eq!(own("plaintext.ssl.client.auth=none"), [""; 0]);
        assert_eq!(
            own("x.max.connections=5"),
            [
                "s:7: listener.name.x.max.connections: there is no such listener, and it has no effect"
            ]
        );
        assert!(own("c.max.connection=5")[0].ends_with("the nearest known one is max.connections"));
        assert!(
            refused("listener.name.c.max.connections=many").contains(
                "s:7: listener.name.c.max.connections: max.connections: expected a whole"
            )
        );
    }

    #[test]
    fn the_standard_authorizer_that_lets_everybody_in_is_taken_with_a_warning() {
        let text = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\nallow.everyone.if.no.acl.found=true";
        let warnings = warnings(text);
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("s:7: authorizer.class.name: it is not asked"),
            "{warnings:?}"
        );
    }
}
