//! What consumer groups may do.

use std::time::Duration;

use super::ServerConfig;

/// The settings of coordinators of consumer groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupConfig {
    pub session_timeout: Duration,
    pub heartbeat_interval: Duration,
    /// Members of a group.
    pub max_size: usize,
    /// How often regular expressions are matched against the topics again.
    pub regex_refresh_interval: Duration,
    /// The names of assignors, the default one first.
    pub assignors: Vec<String>,
    /// Classic groups become consumer groups when a member joins that speaks that protocol.
    pub upgrades: bool,
    /// Consumer groups become classic ones when the last such member leaves.
    pub downgrades: bool,
}

impl ServerConfig {
    /// Whether there can be consumer groups, and not only classic ones.
    #[must_use]
    pub fn serves_consumer_groups(&self) -> bool {
        let protocols = self.list("group.coordinator.rebalance.protocols");
        protocols.iter().any(|protocol| protocol == "consumer")
    }

    #[must_use]
    pub fn consumer_groups(&self) -> ConsumerGroupConfig {
        let count = |name| u64::try_from(self.number(name)).unwrap_or(0);
        let milliseconds = |name| Duration::from_millis(count(name));
        let migration = self.text("group.consumer.migration.policy");
        let migration = migration.unwrap_or_default().to_ascii_lowercase();
        let max_size = count("group.consumer.max.size");
        ConsumerGroupConfig {
            session_timeout: milliseconds("group.consumer.session.timeout.ms"),
            heartbeat_interval: milliseconds("group.consumer.heartbeat.interval.ms"),
            max_size: usize::try_from(max_size).unwrap_or(usize::MAX),
            regex_refresh_interval: milliseconds("group.consumer.regex.refresh.interval.ms"),
            assignors: self.list("group.consumer.assignors"),
            upgrades: matches!(&*migration, "upgrade" | "bidirectional"),
            downgrades: matches!(&*migration, "downgrade" | "bidirectional"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_kafkas_default() {
        let config = ServerConfig::of_default_node("data").consumer_groups();
        assert_eq!(config.session_timeout, Duration::from_secs(45));
        assert_eq!(config.assignors, ["uniform", "range"]);
        assert!(config.upgrades && config.downgrades);
        assert!(ServerConfig::of_default_node("data").serves_consumer_groups());
    }
}
