//! What a topic's configuration means to its log and its leaders.

use std::time::Duration;

use ottla_config::{MessageTimestampType, TopicConfig};
use ottla_log::LogOptions;
use ottla_log::validate::AppendRules;
use ottla_replica::Options as LeaderOptions;
use ottla_wire::records::{Compression, Level, TimestampType};

/// What the records of one batch may come to, decompressed. Bytes.
const MAX_UNCOMPRESSED_BYTES: usize = 256 << 20;

pub(crate) fn log_options(config: &TopicConfig, producer_expiration: Duration) -> LogOptions {
    LogOptions {
        segment_bytes: config.segment_bytes(),
        segment_age: config.segment_age(),
        index_interval_bytes: config.index_interval_bytes(),
        index_bytes: config.index_bytes(),
        retention_bytes: config.retention_bytes(),
        retention_age: config.retention_age(),
        deletes: config.deletes(),
        producer_expiration,
    }
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
    use ottla_config::ServerConfig;

    use super::*;

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
