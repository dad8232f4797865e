//! How many connections there may be, and how many may come.

use std::collections::BTreeMap;

use crate::settings::Settings;
use crate::value::Value;

/// What a listener may have for itself, as `listener.name.LISTENER.KEY` (KIP-402, KIP-612).
pub(crate) const OF_LISTENERS: [&str; 2] = [MAX, CREATION_RATE];
const MAX: &str = "max.connections";
const CREATION_RATE: &str = "max.connection.creation.rate";
pub(crate) const OVERRIDES: &str = "max.connections.per.ip.overrides";

/// What a broker and each of its listeners may have of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionBounds {
    pub max: usize,
    pub max_per_ip: usize,
    /// Other bounds than `max_per_ip`, by names or addresses of hosts.
    pub max_of_hosts: Vec<(String, usize)>,
    /// Connections a second.
    pub creation_rate: i32,
    /// By the name of the listener in small letters.
    max_of_listeners: BTreeMap<String, usize>,
    creation_rate_of_listeners: BTreeMap<String, i32>,
}

impl ConnectionBounds {
    pub(crate) fn of(settings: &Settings) -> Self {
        let number = |name| match settings.value(name) {
            Some(Value::Integer(value)) => bound(value),
            other => unreachable!("{name} is a number and has a default: {other:?}"),
        };
        let overrides = max_of_hosts(settings).unwrap_or_default();
        let count = |value| bound(value) as usize;
        Self {
            max: number(MAX) as usize,
            max_per_ip: number("max.connections.per.ip") as usize,
            max_of_hosts: overrides
                .into_iter()
                .map(|(host, value)| (host, count(value.into())))
                .collect(),
            creation_rate: number(CREATION_RATE),
            max_of_listeners: of_listeners(settings, MAX)
                .map(|(listener, value)| (listener, count(value)))
                .collect(),
            creation_rate_of_listeners: of_listeners(settings, CREATION_RATE)
                .map(|(listener, value)| (listener, bound(value)))
                .collect(),
        }
    }

    /// What the listener may have: its own bound, else the broker's.
    #[must_use]
    pub fn max_of(&self, listener: &str) -> usize {
        let own = self.max_of_listeners.get(&listener.to_ascii_lowercase());
        own.copied().unwrap_or(self.max)
    }

    /// How many may come to the listener a second: by its own bound, else by the broker's.
    #[must_use]
    pub fn creation_rate_of(&self, listener: &str) -> i32 {
        let of_listeners = &self.creation_rate_of_listeners;
        let own = of_listeners.get(&listener.to_ascii_lowercase());
        own.copied().unwrap_or(self.creation_rate)
    }
}

/// The keys are of 32 bits, and less than none is none.
fn bound(value: i64) -> i32 {
    i32::try_from(value.max(0)).unwrap_or(i32::MAX)
}

/// What listeners have of `key` for themselves.
fn of_listeners(settings: &Settings, key: &str) -> impl Iterator<Item = (String, i64)> {
    settings.others().filter_map(move |(name, text)| {
        let own = name.strip_prefix("listener.name.")?;
        let listener = own.strip_suffix(key)?.strip_suffix('.')?;
        Some((listener.to_owned(), text.trim().parse().ok()?))
    })
}

/// `max.connections.per.ip.overrides`: hosts and what each may have, which may be less than none.
///
/// # Errors
/// The first item that is none.
pub(crate) fn max_of_hosts(settings: &Settings) -> Result<Vec<(String, i32)>, String> {
    let text = match settings.value(OVERRIDES) {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let items = text.split(',').map(str::trim);
    items
        .map(|item| max_of_host(item).ok_or_else(|| item.to_owned()))
        .collect()
}

fn max_of_host(item: &str) -> Option<(String, i32)> {
    let (host, count) = item.rsplit_once(':')?;
    let is_of_hosts = |c: char| c.is_ascii_alphanumeric() || "-%._:".contains(c);
    let host = host.trim();
    let host = host.chars().all(is_of_hosts).then_some(host)?;
    Some((host.to_owned(), count.trim().parse().ok()?))
}

/// What a listener has of `key`, its own or the broker's.
pub(crate) fn of_listener(settings: &Settings, listener: &str, key: &str) -> Option<i64> {
    let own = settings.text(&format!("listener.name.{listener}.{key}"));
    let broker = || match settings.value(key) {
        Some(Value::Integer(value)) => Some(value),
        _ => None,
    };
    own.and_then(|text| text.trim().parse().ok())
        .or_else(broker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::Level;

    fn bounds(configs: &[(&str, &str)]) -> ConnectionBounds {
        ConnectionBounds::of(&Settings::dynamic(
            Level::ThisBroker,
            configs.iter().copied(),
        ))
    }

    #[test]
    fn a_listener_has_its_own_bounds_or_those_of_the_broker() {
        let bounds = bounds(&[
            ("max.connections", "7"),
            ("max.connection.creation.rate", "5"),
            ("listener.name.in.side.max.connections", "9"),
            ("listener.name.outside.max.connection.creation.rate", "2"),
            ("listener.name.outside.max.connections", "many"),
        ]);
        assert_eq!((bounds.max, bounds.creation_rate), (7, 5));
        assert_eq!((bounds.max_of("IN.SIDE"), bounds.max_of("OUTSIDE")), (9, 7));
        assert_eq!(bounds.creation_rate_of("IN.SIDE"), 5);
        assert_eq!(bounds.creation_rate_of("OUTSIDE"), 2);
    }

    #[test]
    fn what_is_not_set_has_no_bound() {
        let bounds = bounds(&[]);
        assert_eq!(bounds.max_of("X"), i32::MAX as usize);
        assert_eq!(bounds.creation_rate_of("X"), i32::MAX);
        assert_eq!(bounds.max_of_hosts, []);
    }

    #[test]
    fn hosts_have_bounds_of_their_own() {
        let list = "127.0.0.1:2 , ::1:0,host.name: -3";
        let bounds = bounds(&[(OVERRIDES, list)]);
        let expected = [("127.0.0.1", 2), ("::1", 0), ("host.name", 0)];
        assert_eq!(
            bounds.max_of_hosts,
            expected.map(|(h, n)| (h.to_owned(), n))
        );
    }
}
