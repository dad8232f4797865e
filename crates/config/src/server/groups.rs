//! What groups of consumers may do, and how their log is kept.

use std::time::Duration;

use super::ServerConfig;

/// The settings of `__consumer_offsets`, for when it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetsTopicConfig {
    pub partitions: i32,
    pub replication_factor: i16,
    /// Bytes.
    pub segment_bytes: i64,
}

/// The settings of coordinators of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// The number of the codec that records are written with.
    pub compression_code: i16,
    /// How long a write waits for its replicas.
    pub write_timeout: Duration,
    /// How much of a log is read at once when it is loaded. Bytes.
    pub load_bytes: u64,
    /// The longest note that may be committed with an offset, in units of UTF-16.
    pub max_offset_metadata: usize,
    /// How long offsets are kept.
    pub offsets_retention: Duration,
    /// How often those are looked for whose time is over.
    pub retention_check: Duration,
    pub min_session_timeout: Duration,
    pub max_session_timeout: Duration,
    pub initial_rebalance_delay: Duration,
    /// Members of a classic group.
    pub max_size: usize,
}

impl ServerConfig {
    #[must_use]
    pub fn offsets_topic(&self) -> OffsetsTopicConfig {
        let number = |name| self.number(name);
        OffsetsTopicConfig {
            partitions: i32::try_from(number("offsets.topic.num.partitions"))
                .expect("the key is of 32 bits"),
            replication_factor: i16::try_from(number("offsets.topic.replication.factor"))
                .expect("the key is of 16 bits"),
            segment_bytes: number("offsets.topic.segment.bytes"),
        }
    }

    #[must_use]
    pub fn groups(&self) -> GroupConfig {
        // Where nothing keeps a number from being negative, it means none.
        let count = |name| u64::try_from(self.number(name)).unwrap_or(0);
        let size = |name| usize::try_from(count(name)).unwrap_or(usize::MAX);
        let milliseconds = |name| Duration::from_millis(count(name));
        let compression = self.number("offsets.topic.compression.codec");
        GroupConfig {
            compression_code: i16::try_from(compression).unwrap_or(0),
            write_timeout: milliseconds("offsets.commit.timeout.ms"),
            load_bytes: count("offsets.load.buffer.size"),
            max_offset_metadata: size("offset.metadata.max.bytes"),
            offsets_retention: Duration::from_secs(60 * count("offsets.retention.minutes")),
            retention_check: milliseconds("offsets.retention.check.interval.ms"),
            min_session_timeout: milliseconds("group.min.session.timeout.ms"),
            max_session_timeout: milliseconds("group.max.session.timeout.ms"),
            initial_rebalance_delay: milliseconds("group.initial.rebalance.delay.ms"),
            max_size: size("group.max.size"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_kafkas_default() {
        let config = ServerConfig::of_default_node("data");
        let topic = OffsetsTopicConfig {
            partitions: 50,
            replication_factor: 1,
            segment_bytes: 104_857_600,
        };
        assert_eq!(config.offsets_topic(), topic);
        let groups = config.groups();
        assert_eq!(groups.write_timeout, Duration::from_secs(5));
        assert_eq!(groups.max_offset_metadata, 4096);
        assert_eq!(groups.offsets_retention, Duration::from_secs(7 * 24 * 3600));
        assert_eq!(groups.initial_rebalance_delay, Duration::from_secs(3));
        assert_eq!(groups.max_size, i32::MAX as usize);
    }
}
