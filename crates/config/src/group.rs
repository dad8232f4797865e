//! What a group can have for itself, within the bounds that its broker sets (KIP-848, KIP-932, KIP-1071).

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::key::Key;
use crate::settings::Settings;
use crate::table;
use crate::value::Value;

/// A member that is to be silent for so long must have been asked for a sign of life before.
const SESSIONS: [(&str, &str); 3] = [
    (
        "consumer.session.timeout.ms",
        "consumer.heartbeat.interval.ms",
    ),
    ("share.session.timeout.ms", "share.heartbeat.interval.ms"),
    (
        "streams.session.timeout.ms",
        "streams.heartbeat.interval.ms",
    ),
];

/// What a group has otherwise than its broker.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupOverrides {
    own: Settings,
}

impl GroupOverrides {
    /// `own` as far as the broker's bounds let it be: they may have changed since it was set.
    #[must_use]
    pub fn new(broker: &Settings, own: &Settings) -> Self {
        let mut within = own.clone();
        for key in table::group() {
            if let Some(Value::Integer(value)) = own.explicit(key.name) {
                within.set(key.name, Value::Integer(clamped(*value, key, broker)));
            }
        }
        Self { own: within }
    }

    /// Whether a group may be given `own`.
    ///
    /// # Errors
    /// A sentence, when a value lies outside the broker's bounds, or a session would end before a heartbeat is due.
    pub fn check(broker: &Settings, own: &Settings) -> Result<(), String> {
        for key in table::group() {
            let Some(Value::Integer(value)) = own.explicit(key.name) else {
                continue;
            };
            let name = key.name;
            let bounds = bounds(key, broker);
            if value < bounds.start() {
                let bound = bound_key(key, "min").map_or(name, |key| key.name);
                let least = bounds.start();
                return Err(format!(
                    "{name} is at least {least} ({bound}), found {value}"
                ));
            }
            if value > bounds.end() {
                let bound = bound_key(key, "max").map_or(name, |key| key.name);
                let most = bounds.end();
                return Err(format!("{name} is at most {most} ({bound}), found {value}"));
            }
        }
        let in_force = |name| match own.explicit(name) {
            Some(Value::Integer(value)) => *value,
            _ => of_broker(name, broker),
        };
        for (session, heartbeat) in SESSIONS {
            if own.explicit(session).or(own.explicit(heartbeat)).is_none() {
                continue;
            }
            let (timeout, interval) = (in_force(session), in_force(heartbeat));
            if timeout <= interval {
                return Err(format!(
                    "{session} is greater than {heartbeat}, found {timeout} and {interval}"
                ));
            }
        }
        Ok(())
    }

    /// `consumer.session.timeout.ms`, if the group has one of its own.
    #[must_use]
    pub fn consumer_session_timeout(&self) -> Option<Duration> {
        self.milliseconds("consumer.session.timeout.ms")
    }

    /// `consumer.heartbeat.interval.ms`, if the group has one of its own.
    #[must_use]
    pub fn consumer_heartbeat_interval(&self) -> Option<Duration> {
        self.milliseconds("consumer.heartbeat.interval.ms")
    }

    /// `consumer.assignment.interval.ms`, if the group has one of its own.
    #[must_use]
    pub fn consumer_assignment_interval(&self) -> Option<Duration> {
        self.milliseconds("consumer.assignment.interval.ms")
    }

    fn milliseconds(&self, name: &str) -> Option<Duration> {
        match self.own.explicit(name) {
            Some(Value::Integer(value)) => Some(Duration::from_millis(value.unsigned_abs())),
            _ => None,
        }
    }
}

/// What the broker itself has for its groups: the problem of the first key that lies outside the bounds for all.
pub(crate) fn check_broker(broker: &Settings) -> Result<(), (&'static str, String)> {
    for key in table::group() {
        let (Some(name), Some(_)) = (table::group_synonym(key.name), bound_key(key, "max")) else {
            continue;
        };
        let (bounds, value) = (bounds(key, broker), of_broker(key.name, broker));
        if !bounds.contains(&value) {
            let (least, most) = bounds.into_inner();
            let problem = format!(
                "expected {least} to {most}, the bounds that are set for all groups, found {value}"
            );
            return Err((name, problem));
        }
    }
    for (session, heartbeat) in SESSIONS {
        let (timeout, interval) = (of_broker(session, broker), of_broker(heartbeat, broker));
        if let Some(name) = table::group_synonym(session)
            && timeout <= interval
        {
            let problem =
                format!("expected more than the heartbeat interval, {interval}, found {timeout}");
            return Err((name, problem));
        }
    }
    Ok(())
}

/// The key by which the broker bounds a group's.
pub(crate) fn bound_key(key: &Key, which: &str) -> Option<&'static Key> {
    let (kind, what) = key.name.split_once('.')?;
    let what = what.strip_prefix("num.").unwrap_or(what);
    table::server_key(&format!("group.{kind}.{which}.{what}"))
}

fn bounds(key: &Key, broker: &Settings) -> RangeInclusive<i64> {
    let of = |which| match broker.value(bound_key(key, which)?.name) {
        Some(Value::Integer(bound)) => Some(bound),
        _ => None,
    };
    of("min").unwrap_or(i64::MIN)..=of("max").unwrap_or(i64::MAX)
}

/// Kafka takes the lower bound where the two contradict each other.
fn clamped(value: i64, key: &Key, broker: &Settings) -> i64 {
    let bounds = bounds(key, broker);
    value.min(*bounds.end()).max(*bounds.start())
}

/// What groups have that have nothing of their own, by the broker's key for it, which may have been changed since the bounds were looked at.
pub(crate) fn within_bounds(name: &str, broker: &Settings) -> i64 {
    let key = table::group().find(|key| table::group_synonym(key.name) == Some(name));
    let Some(key) = key else {
        unreachable!("{name} is what groups have that have nothing of their own");
    };
    clamped(of_broker(key.name, broker), key, broker)
}

/// What groups have that have nothing of their own.
fn of_broker(name: &str, broker: &Settings) -> i64 {
    let value = table::group_synonym(name).and_then(|name| broker.value(name));
    match value {
        Some(Value::Integer(value)) => value,
        other => unreachable!("{name} is a number that the broker has a default for: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(configs: &[(&'static str, &'static str)]) -> Settings {
        Settings::of_group(configs.iter().copied())
    }

    fn broker(configs: &[(&'static str, i64)]) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in configs {
            settings.set(name, Value::Integer(*value));
        }
        settings
    }

    #[test]
    fn values_are_within_the_brokers_bounds() {
        let check = |configs: &[_]| GroupOverrides::check(&Settings::default(), &own(configs));
        assert_eq!(check(&[("consumer.session.timeout.ms", "45000")]), Ok(()));
        for (name, wrong) in [
            ("consumer.session.timeout.ms", "44999"),
            ("consumer.session.timeout.ms", "60001"),
            ("consumer.heartbeat.interval.ms", "4999"),
            ("consumer.heartbeat.interval.ms", "15001"),
            ("consumer.assignment.interval.ms", "15001"),
            ("share.record.lock.duration.ms", "14999"),
            ("share.delivery.count.limit", "11"),
            ("share.partition.max.record.locks", "4001"),
            ("streams.num.standby.replicas", "3"),
        ] {
            let problem = check(&[(name, wrong)]).unwrap_err();
            assert!(
                problem.starts_with(name) && problem.ends_with(wrong),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_session_outlasts_a_heartbeat() {
        let broker = broker(&[("group.consumer.min.session.timeout.ms", 1)]);
        let found =
            GroupOverrides::check(&broker, &own(&[("consumer.session.timeout.ms", "5000")]));
        let problem = "consumer.session.timeout.ms is greater than consumer.heartbeat.interval.ms, found 5000 and 5000";
        assert_eq!(found, Err(problem.to_owned()));
    }

    #[test]
    fn what_was_set_before_the_bounds_changed_gives_way_to_them() {
        let broker = broker(&[
            ("group.consumer.max.session.timeout.ms", 50_000),
            ("group.consumer.min.heartbeat.interval.ms", 7000),
        ]);
        let configs = [
            ("consumer.session.timeout.ms", "60000"),
            ("consumer.heartbeat.interval.ms", "5000"),
        ];
        let found = GroupOverrides::new(&broker, &own(&configs));
        assert_eq!(
            found.consumer_session_timeout(),
            Some(Duration::from_secs(50))
        );
        assert_eq!(
            found.consumer_heartbeat_interval(),
            Some(Duration::from_secs(7))
        );
        assert_eq!(found.consumer_assignment_interval(), None);
    }

    #[test]
    fn a_broker_keeps_to_its_own_bounds() {
        assert_eq!(check_broker(&Settings::default()), Ok(()));
        let beyond = [("group.consumer.session.timeout.ms", 10_000)];
        let (name, _) = check_broker(&broker(&beyond)).unwrap_err();
        assert_eq!(name, "group.consumer.session.timeout.ms");
        let together = [beyond[0], ("group.consumer.min.session.timeout.ms", 10_000)];
        assert_eq!(check_broker(&broker(&together)), Ok(()));
    }

    #[test]
    fn every_interval_of_a_group_is_bounded() {
        let unbounded: Vec<&str> = table::group()
            .filter(|key| bound_key(key, "max").is_none())
            .map(|key| key.name)
            .collect();
        let expected = [
            "share.auto.offset.reset",
            "share.isolation.level",
            "share.renew.acknowledge.enable",
            "streams.initial.rebalance.delay.ms",
        ];
        assert_eq!(unbounded, expected);
    }
}
