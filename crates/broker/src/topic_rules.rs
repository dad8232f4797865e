//! What a topic's configuration means to its log and its leaders.

use std::time::Duration;

use ottla_config::{MessageTimestampType, TopicConfig};
use ottla_log::LogOptions;
use ottla_log::validate::AppendRules;
use ottla_replica::Options as LeaderOptions;
use ottla_wire::records::{Compression, Level, TimestampType};

use crate::partition::PartitionKey;

/// What the records of one batch may come to, decompressed. Bytes.
const MAX_UNCOMPRESSED_BYTES: usize = 256 << 20;

pub(crate) fn log_options(
    config: &TopicConfig,
    key: PartitionKey,
    producer_expiration: Duration,
) -> LogOptions {
    LogOptions {
        segment_bytes: config.segment_bytes(),
        segment_age: config.segment_age().saturating_sub(jitter(config, key)),
        index_interval_bytes: config.index_interval_bytes(),
        index_bytes: config.index_bytes(),
        retention_bytes: config.retention_bytes(),
        retention_age: config.retention_age(),
        deletes: config.deletes(),
        producer_expiration,
    }
}

/// How much earlier than others the segments of this log roll: `segment.jitter.ms` at most, and always the same of one log.
fn jitter(config: &TopicConfig, key: PartitionKey) -> Duration {
    let most = config.segment_jitter().min(config.segment_age());
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    // The ids of topics are drawn, and the partitions of one lie far from each other by the golden ratio.
    let index = u64::from(key.index.0.unsigned_abs());
    let drawn = key.topic.0.as_u128() as u64 ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Duration::from_millis(drawn.checked_rem(most).unwrap_or_default())
}

pub(crate) fn leader_options(config: &TopicConfig) -> LeaderOptions {
    LeaderOptions {
        min_in_sync: config.min_insync_replicas(),
        flush_messages: config.flush_messages(),
        flush_after: Duration::from_millis(config.flush_ms().unsigned_abs()),
    }
}

/// What batches of a client that knows everything have to be like.
pub(crate) fn append_rules(config: &TopicConfig) -> AppendRules {
    AppendRules {
        produce_version: i16::MAX,
        max_batch_bytes: config.max_message_bytes(),
        max_uncompressed_bytes: MAX_UNCOMPRESSED_BYTES,
        timestamp_type: match config.message_timestamp_type() {
            MessageTimestampType::CreateTime => TimestampType::CreateTime,
            MessageTimestampType::LogAppendTime => TimestampType::LogAppendTime,
        },
        before_max_ms: config.timestamp_before_max_ms(),
        after_max_ms: config.timestamp_after_max_ms(),
        needs_keys: config.compacts(),
        compression: match config.compression_type() {
            "uncompressed" => Some((Compression::None, Level::Default)),
            "gzip" => Some((Compression::Gzip, Level::Exactly(config.gzip_level()))),
            "snappy" => Some((Compression::Snappy, Level::Default)),
            "lz4" => Some((Compression::Lz4, Level::Default)),
            "zstd" => Some((Compression::Zstd, Level::Exactly(config.zstd_level()))),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ottla_config::ServerConfig;
    use ottla_model::{PartitionIndex, TopicId, Uuid};

    use super::*;

    #[test]
    fn segments_of_different_logs_do_not_all_roll_at_once() {
        let node = ServerConfig::of_default_node("data");
        let ages = |jitter: &str| {
            let configs = [("segment.ms", "60000"), ("segment.jitter.ms", jitter)];
            let config = TopicConfig::new(node.settings(), configs.into_iter());
            let ages = (0..100).map(|index| {
                let key = PartitionKey {
                    topic: TopicId(Uuid::from_u128(77)),
                    index: PartitionIndex(index),
                };
                log_options(&config, key, Duration::ZERO).segment_age
            });
            ages.collect::<BTreeSet<Duration>>()
        };
        let minute = Duration::from_secs(60);
        assert_eq!(ages("0"), BTreeSet::from([minute]));
        let spread = ages("20000");
        assert!(spread.len() > 90);
        let bounds = minute - Duration::from_secs(20)..=minute;
        assert!(spread.iter().all(|age| bounds.contains(age)));
    }

    #[test]
    fn a_topic_sets_its_codec_and_how_hard_it_tries() {
        let node = ServerConfig::of_default_node("data");
        let rules = |configs: &[(&str, &str)]| {
            let config = TopicConfig::new(node.settings(), configs.iter().copied());
            append_rules(&config).compression
        };
        assert_eq!(rules(&[]), None);
        assert_eq!(
            rules(&[
                ("compression.type", "gzip"),
                ("compression.gzip.level", "9")
            ]),
            Some((Compression::Gzip, Level::Exactly(9)))
        );
        assert_eq!(
            rules(&[("compression.type", "zstd")]),
            Some((Compression::Zstd, Level::Exactly(3)))
        );
    }
}
