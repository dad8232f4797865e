use std::path::PathBuf;
use std::time::Duration;

use crate::connections::ConnectionBounds;
use crate::cordons;
use crate::group;
use crate::settings::Settings;
use crate::value::Value;

/// What can be changed of a running node as a whole. What its topics inherit is in [`TopicConfig`](crate::TopicConfig).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustable {
    pub connections: ConnectionBounds,
    /// Those of `log.dirs` that get no new partitions (KIP-1066).
    pub cordoned_log_dirs: Vec<PathBuf>,
    /// For how long an idle producer is remembered.
    pub producer_expiration: Duration,
    /// The least time between two targets of a consumer group that has none of its own, within the bounds for all groups.
    pub consumer_assignment_interval: Duration,
}

impl Adjustable {
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let number = |name| match settings.value(name) {
            Some(Value::Integer(value)) => value.unsigned_abs(),
            other => unreachable!("{name} is a number and has a default: {other:?}"),
        };
        let milliseconds = |name| Duration::from_millis(number(name));
        Self {
            connections: ConnectionBounds::of(settings),
            cordoned_log_dirs: cordons::of(settings),
            producer_expiration: milliseconds("producer.id.expiration.ms"),
            consumer_assignment_interval: Duration::from_millis(
                group::within_bounds("group.consumer.assignment.interval.ms", settings)
                    .unsigned_abs(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::Level;

    #[test]
    fn what_all_groups_have_stays_within_the_bounds_of_groups() {
        let interval = |value| {
            let dynamic = [("group.consumer.assignment.interval.ms", value)];
            let found = Adjustable::of(&Settings::dynamic(Level::AllBrokers, dynamic.into_iter()));
            found.consumer_assignment_interval.as_millis()
        };
        assert_eq!(interval("2000"), 2000);
        assert_eq!(interval("2000000000"), 15_000);
    }

    #[test]
    fn what_is_not_set_is_kafkas_default() {
        let dynamic = [("max.connections", "7"), ("max.connections.per.ip", "x")];
        let found = Adjustable::of(&Settings::dynamic(Level::AllBrokers, dynamic.into_iter()));
        assert_eq!(found.connections.max, 7);
        assert_eq!(found.connections.max_per_ip, 2_147_483_647);
        assert_eq!(found.producer_expiration, Duration::from_secs(86400));
        assert_eq!(found.consumer_assignment_interval, Duration::from_secs(1));
    }
}
