//! What brokers may be given while they run (KIP-226).

use crate::connections;
use crate::consistency;
use crate::describe::Layers;
use crate::key::{Key, Update};
use crate::listener::Listener;
use crate::listeners::{self, Listeners};
use crate::settings::Settings;
use crate::table;
use crate::value::Value;

/// Of a listener, these may be the same for all brokers.
const OF_ALL_BROKERS: [&str; 3] = [
    "max.connections",
    "max.connection.creation.rate",
    "num.network.threads",
];

/// The one metric reporter that Kafka brings along.
const JMX: &str = "org.apache.kafka.common.metrics.JmxReporter";

/// Numbers of threads: none is more than doubled or halved at once.
const THREADS: [&str; 10] = [
    "num.io.threads",
    "num.network.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "log.cleaner.threads",
    "remote.log.manager.copier.thread.pool.size",
    "remote.log.manager.expiration.thread.pool.size",
    "remote.log.manager.follower.thread.pool.size",
    "remote.log.reader.threads",
];

/// Whose dynamic configs are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    AllBrokers,
    ThisBroker,
}

/// Whether the broker of `layers` may have `next` as its dynamic configs of that level. `taken` are the settings whose listeners it has: those
/// of `layers`, unless a controller was told what makes no sense.
///
/// # Errors
/// A sentence that names the config.
pub fn check<'a>(
    layers: &Layers<'_>,
    taken: &Settings,
    level: Level,
    next: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<(), String> {
    for (name, text) in next.clone() {
        check_one(name, text, level)?;
    }
    let next = Settings::dynamic(level, next);
    let changed = match level {
        Level::AllBrokers => Layers {
            all_brokers: &next,
            ..*layers
        },
        Level::ThisBroker => Layers {
            this_broker: &next,
            ..*layers
        },
    };
    let (before, after) = (layers.effective(), changed.effective());
    consistency::check(&after).map_err(|(name, problem)| format!("{name}: {problem}"))?;
    step(&before, &after, taken)
}

/// The listeners that a node has with the settings `after`, having had those of `before`.
///
/// # Errors
/// A sentence that names the config for which it keeps those that it has. Nobody may have checked it: a controller does not, and the file may
/// be another one than it was.
pub fn listeners(before: &Settings, after: &Settings) -> Result<Vec<Listener>, String> {
    let next = listeners::step(before, after).and_then(|()| Listeners::of(after));
    let bound = next.map(|listeners| listeners.bound);
    bound.map_err(|(name, problem)| format!("{name}: {problem}"))
}

/// Whether a controller may change the configs of a broker from `before` to `next` without asking it, who alone knows its directories: it
/// may take back that some are cordoned.
///
/// # Errors
/// A sentence that names the config.
pub fn check_of_controller(before: &Settings, next: &Settings) -> Result<(), String> {
    let known = before.list("cordoned.log.dirs");
    let mut wanted = next.list("cordoned.log.dirs").into_iter();
    match wanted.find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(other) => Err(format!(
            "cordoned.log.dirs: a controller only takes directories out, and {other} is not in: ask the broker"
        )),
    }
}

/// Whether a broker may have this config, whatever else it has.
///
/// # Errors
/// A sentence that names the config.
pub fn check_one(name: &str, text: &str, level: Level) -> Result<(), String> {
    let of_listener = table::of_listener(name);
    let known = table::server_key(name);
    let key = known.or(of_listener.and_then(|(_, key)| key));
    if let Some(key) = key {
        Value::parse(key, text).map_err(|error| error.to_string())?;
    }
    let is_of_all = match (known, of_listener) {
        (Some(key), _) => update_of(key)? == Update::ClusterWide,
        (None, Some((_, key))) => key.is_some_and(|key| OF_ALL_BROKERS.contains(&key.name)),
        // A plugin's.
        (None, None) => true,
    };
    match level {
        Level::AllBrokers if !is_of_all => Err(format!(
            "{name} can be set for one broker only, not for all"
        )),
        _ => Ok(()),
    }
}

/// # Errors
/// When it cannot be changed by its own name at all.
fn update_of(key: &Key) -> Result<Update, String> {
    let name = key.name;
    match key.update {
        Update::ReadOnly => Err(format!(
            "{name} cannot be changed while the broker runs: set it in its file"
        )),
        Update::PerListener => Err(format!(
            "{name} can be changed for one listener only, as listener.name.LISTENER.{name}"
        )),
        dynamic => Ok(dynamic),
    }
}

/// Some changes are too large, or not possible in a running node.
fn step(before: &Settings, after: &Settings, taken: &Settings) -> Result<(), String> {
    for name in THREADS {
        let (base, new) = (number(before, name), number(after, name));
        let is_near = (1.max(base / 2)..=base.saturating_mul(2)).contains(&new);
        if new != base && !is_near {
            return Err(format!(
                "{name}: expected at least half and at most double of {base}, found {new}"
            ));
        }
    }
    if !listeners::is_same(before, after) {
        listeners::step(taken, after).map_err(|(name, problem)| format!("{name}: {problem}"))?;
    }
    some_connections(before, after, taken)?;
    let reporters = after.list("metric.reporters");
    if let Some(class) = reporters.iter().find(|class| *class != JMX) {
        return Err(format!(
            "metric.reporters: there is no Java here that could load {class}"
        ));
    }
    local_retention(before, after)
}

fn number(settings: &Settings, name: &str) -> i64 {
    match settings.value(name) {
        Some(Value::Integer(value)) => value,
        other => unreachable!("{name} is a number and has a default: {other:?}"),
    }
}

/// A listener of the broker is not closed by what it may have: nobody could come and change that again.
fn some_connections(before: &Settings, after: &Settings, taken: &Settings) -> Result<(), String> {
    // What makes no sense is not taken over.
    let next = listeners::step(taken, after).and_then(|()| Listeners::of(after));
    let listeners = next.or_else(|_| Listeners::of(taken));
    for name in listeners.iter().flat_map(Listeners::of_clients) {
        let name = name.to_ascii_lowercase();
        for key in connections::OF_LISTENERS {
            let of = |settings| connections::of_listener(settings, &name, key);
            let next = of(after);
            if next != of(before) && next.is_some_and(|bound| bound < 1) {
                return Err(format!("{key}: expected at least 1 for listener {name}"));
            }
        }
    }
    Ok(())
}

/// What stays local is a part of what is kept; -2 is all of it, -1 has no bound.
fn local_retention(before: &Settings, after: &Settings) -> Result<(), String> {
    let retention_ms = |settings: &Settings| {
        let mut units = table::synonyms("retention.ms").iter();
        let set = units.find_map(|(name, unit)| match settings.explicit(name)? {
            Value::Integer(value) if *value > 0 => Some(value.saturating_mul(*unit)),
            _ => Some(-1),
        });
        set.unwrap_or_else(|| table::topic_default("retention.ms"))
    };
    let bounds = |settings: &Settings| {
        [
            (
                "log.local.retention.ms",
                number(settings, "log.local.retention.ms"),
                retention_ms(settings),
            ),
            (
                "log.local.retention.bytes",
                number(settings, "log.local.retention.bytes"),
                number(settings, "log.retention.bytes"),
            ),
        ]
    };
    let (before, after) = (bounds(before), bounds(after));
    if before == after {
        return Ok(());
    }
    for (name, local, all) in after {
        if all != -1 && local != -2 && (local == -1 || local > all) {
            return Err(format!(
                "{name}: expected at most what is kept at all, {all}, found {local}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a broker with the listeners PLAINTEXT and C, the controller's, says to `next`, where all have `all_brokers`.
    fn checked(
        level: Level,
        all_brokers: &[(&str, &str)],
        next: &[(&str, &str)],
    ) -> Result<(), String> {
        let text = "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:1,C://:2\n\
            controller.listener.names=C\ncontroller.quorum.bootstrap.servers=c:2\n";
        let (config, _) = crate::ServerConfig::load("s", text, &[]).unwrap();
        let all_brokers = Settings::dynamic(Level::AllBrokers, all_brokers.iter().copied());
        let layers = Layers {
            file: config.settings(),
            all_brokers: &all_brokers,
            this_broker: &Settings::default(),
        };
        check(&layers, &layers.effective(), level, next.iter().copied())
    }

    fn own(name: &str, text: &str) -> Result<(), String> {
        checked(Level::ThisBroker, &[], &[(name, text)])
    }

    fn shared(name: &str, text: &str) -> Result<(), String> {
        checked(Level::AllBrokers, &[], &[(name, text)])
    }

    #[test]
    fn what_is_read_at_the_start_cannot_be_changed() {
        for name in ["node.id", "log.retention.hours"] {
            assert!(own(name, "3").is_err(), "{name}");
        }
        assert_eq!(own("a.plugins.own", "x"), Ok(()));
    }

    #[test]
    fn some_differ_from_broker_to_broker_and_some_from_listener_to_listener() {
        assert_eq!(own("sasl.kerberos.service.name", "kafka"), Ok(()));
        assert!(shared("sasl.kerberos.service.name", "kafka").is_err());
        assert!(own("ssl.keystore.location", "/a").is_err());
        assert_eq!(own("listener.name.x.ssl.keystore.location", "/a"), Ok(()));
        assert!(shared("listener.name.x.ssl.keystore.location", "/a").is_err());
        assert_eq!(shared("listener.name.x.max.connections", "5"), Ok(()));
        assert!(shared("listener.name.x.max.connections", "many").is_err());
    }

    #[test]
    fn what_brokers_have_for_themselves_has_no_effect_when_all_are_given_it() {
        let configs = [
            ("listeners", "A://:1"),
            ("cordoned.log.dirs", "*"),
            ("sasl.kerberos.service.name", "kafka"),
            ("listener.name.x.ssl.keystore.location", "/a"),
            ("node.id", "3"),
            ("log.retention.ms", "soon"),
        ];
        let read = |level| Settings::dynamic(level, configs.into_iter());
        assert_eq!(read(Level::AllBrokers), Settings::default());
        for (name, text) in &configs[..4] {
            assert_eq!(read(Level::ThisBroker).text(name), Some(*text));
        }
        let shared = [
            ("log.retention.ms", "5"),
            ("listener.name.x.max.connections", "5"),
        ];
        let read = Settings::dynamic(Level::AllBrokers, shared.into_iter());
        assert!(shared.iter().all(|(name, _)| read.text(name) == Some("5")));
    }

    #[test]
    fn a_controller_cordons_nothing() {
        let own = |configs: [_; 1]| Settings::dynamic(Level::ThisBroker, configs.into_iter());
        let before = own([("cordoned.log.dirs", "/a,/b")]);
        let next = |dirs| own([("cordoned.log.dirs", dirs)]);
        let nothing = Settings::default();
        for fine in [next("/b"), next(""), next("/b,/a"), nothing.clone()] {
            assert_eq!(check_of_controller(&before, &fine), Ok(()));
        }
        assert!(check_of_controller(&before, &next("/c")).is_err());
        assert!(check_of_controller(&nothing, &next("*")).is_err());
    }

    #[test]
    fn threads_are_at_most_doubled_or_halved_at_once() {
        for (text, is_fine) in [("4", true), ("16", true), ("3", false), ("17", false)] {
            assert_eq!(own("num.io.threads", text).is_ok(), is_fine, "{text}");
        }
        let before = [("num.io.threads", "16"), ("log.cleaner.threads", "2")];
        let next = |name, text| checked(Level::AllBrokers, &before, &[(name, text)]);
        assert_eq!(next("num.io.threads", "32"), Ok(()));
        assert!(next("num.io.threads", "33").is_err());
        assert_eq!(next("log.cleaner.threads", "4"), Ok(()));
        assert!(next("log.cleaner.threads", "5").is_err());
    }

    #[test]
    fn no_listener_is_closed_by_its_limits() {
        for key in connections::OF_LISTENERS {
            let of_listener = format!("listener.name.plaintext.{key}");
            for name in [key, &of_listener] {
                assert!(own(name, "0").is_err(), "{name}");
                assert_eq!(own(name, "1"), Ok(()));
            }
            let has_its_own = [(&*of_listener, "3")];
            let none = [(key, "0")];
            assert_eq!(checked(Level::ThisBroker, &has_its_own, &none), Ok(()));
            assert_eq!(own(&format!("listener.name.x.{key}"), "0"), Ok(()));
        }
    }

    #[test]
    fn values_have_to_go_together() {
        assert!(own("log.roll.jitter.ms", "-1").is_err());
        assert!(own("log.cleaner.dedupe.buffer.size", "1048576").is_err());
        assert!(own("group.consumer.assignment.interval.ms", "15001").is_err());
        assert!(own("max.connections.per.ip.overrides", "a").is_err());
        assert_eq!(
            own("max.connections.per.ip.overrides", "a:1, ::1:2"),
            Ok(())
        );
        let overrides = [("max.connections.per.ip.overrides", "::1:2")];
        let nobody = [("max.connections.per.ip", "0")];
        assert_eq!(checked(Level::ThisBroker, &overrides, &nobody), Ok(()));
        assert!(checked(Level::ThisBroker, &[], &nobody).is_err());
        assert!(own("cordoned.log.dirs", "/a").is_err());
        for some in ["/tmp/kafka-logs", "*", "*,*"] {
            assert_eq!(own("cordoned.log.dirs", some), Ok(()));
        }
        assert!(own("cordoned.log.dirs", "*,/tmp/kafka-logs").is_err());
        let kept = [("log.retention.ms", "5000")];
        let local = |text| {
            checked(
                Level::ThisBroker,
                &kept,
                &[("log.local.retention.ms", text)],
            )
        };
        assert!(local("5001").is_err() && local("-1").is_err());
        assert!(local("5000").is_ok() && local("-2").is_ok());
    }
}
