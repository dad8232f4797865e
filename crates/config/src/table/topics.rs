use super::{Key, Kind::*};

pub(super) const KEYS: &[Key] = &[
    Key::topic(
        "segment.bytes",
        Int,
        Some("1073741824"),
        "Roll size (min 1 MiB since 4.0).",
    )
    .at_least(1 << 20),
    Key::topic("segment.ms", Long, Some("604800000"), "Roll by age.").at_least(1),
    Key::topic("segment.jitter.ms", Long, Some("0"), "Random subtraction.").at_least(0),
    Key::topic("segment.index.bytes", Int, Some("10485760"), "Index size.").at_least(4),
    Key::topic(
        "flush.messages",
        Long,
        Some("9223372036854775807"),
        "Fsync every N.",
    )
    .at_least(1),
    Key::topic(
        "flush.ms",
        Long,
        Some("9223372036854775807"),
        "Fsync period.",
    )
    .at_least(0),
    Key::topic(
        "retention.bytes",
        Long,
        Some("-1"),
        "Size limit per partition.",
    ),
    Key::topic(
        "retention.ms",
        Long,
        Some("604800000"),
        "Age limit; −1 none.",
    )
    .at_least(-1),
    Key::topic("max.message.bytes", Int, Some("1048588"), "Largest batch.").at_least(0),
    Key::topic(
        "index.interval.bytes",
        Int,
        Some("4096"),
        "Bytes per index entry.",
    )
    .at_least(0),
    Key::topic(
        "delete.retention.ms",
        Long,
        Some("86400000"),
        "Tombstone and marker keep time.",
    )
    .at_least(0),
    Key::topic(
        "min.compaction.lag.ms",
        Long,
        Some("0"),
        "Minimum age to compact.",
    )
    .at_least(0),
    Key::topic(
        "max.compaction.lag.ms",
        Long,
        Some("9223372036854775807"),
        "Maximum age before compaction.",
    )
    .at_least(1),
    Key::topic(
        "file.delete.delay.ms",
        Long,
        Some("60000"),
        "Delay of unlink.",
    )
    .at_least(0),
    Key::topic(
        "min.cleanable.dirty.ratio",
        Double,
        Some("0.5"),
        "Dirty ratio.",
    )
    .at_least(0),
    Key::topic(
        "cleanup.policy",
        List,
        Some("delete"),
        "Delete, compact, both, none.",
    )
    .one_of(&["compact", "delete"]),
    Key::topic("preallocate", Boolean, Some("false"), "Preallocate files."),
    Key::topic(
        "message.timestamp.type",
        Text,
        Some("CreateTime"),
        "CreateTime/LogAppendTime.",
    )
    .one_of(&["CreateTime", "LogAppendTime"]),
    Key::topic(
        "message.timestamp.before.max.ms",
        Long,
        Some("9223372036854775807"),
        "Allowed lag.",
    )
    .at_least(0),
    Key::topic(
        "message.timestamp.after.max.ms",
        Long,
        Some("3600000"),
        "Allowed lead.",
    )
    .at_least(0),
    Key::topic(
        "leader.replication.throttled.replicas",
        List,
        Some(""),
        "[part]:[broker] list or *.",
    ),
    Key::topic(
        "follower.replication.throttled.replicas",
        List,
        Some(""),
        "Same.",
    ),
    Key::topic(
        "remote.storage.enable",
        Boolean,
        Some("false"),
        "Tier this topic.",
    ),
    Key::topic(
        "local.retention.ms",
        Long,
        Some("-2"),
        "Local keep; −2 inherit.",
    )
    .at_least(-2),
    Key::topic(
        "local.retention.bytes",
        Long,
        Some("-2"),
        "Local size; −2 inherit.",
    )
    .at_least(-2),
    Key::topic(
        "remote.log.copy.disable",
        Boolean,
        Some("false"),
        "Stop tiering, keep remote.",
    ),
    Key::topic(
        "remote.log.delete.on.disable",
        Boolean,
        Some("false"),
        "Delete remote when disabled.",
    ),
    Key::topic(
        "unclean.leader.election.enable",
        Boolean,
        Some("false"),
        "Whether a replica that is not in sync may lead when no other can.",
    ),
    Key::topic(
        "min.insync.replicas",
        Int,
        Some("1"),
        "In-sync replicas that acks=all needs.",
    )
    .at_least(1),
    Key::topic(
        "compression.type",
        Text,
        Some("producer"),
        "The codec batches are stored in.",
    )
    .one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
    Key::topic(
        "compression.gzip.level",
        Int,
        Some("-1"),
        "How hard gzip tries.",
    ),
    Key::topic(
        "compression.lz4.level",
        Int,
        Some("9"),
        "How hard lz4 tries.",
    ),
    Key::topic(
        "compression.zstd.level",
        Int,
        Some("3"),
        "How hard zstd tries.",
    ),
];

pub(super) fn synonyms(topic_key: &str) -> &'static [(&'static str, i64)] {
    match topic_key {
        "segment.bytes" => &[("log.segment.bytes", 1)],
        "segment.ms" => &[("log.roll.ms", 1), ("log.roll.hours", 3600000)],
        "segment.jitter.ms" => &[
            ("log.roll.jitter.ms", 1),
            ("log.roll.jitter.hours", 3600000),
        ],
        "segment.index.bytes" => &[("log.index.size.max.bytes", 1)],
        "flush.messages" => &[("log.flush.interval.messages", 1)],
        "flush.ms" => &[
            ("log.flush.interval.ms", 1),
            ("log.flush.scheduler.interval.ms", 1),
        ],
        "retention.bytes" => &[("log.retention.bytes", 1)],
        "retention.ms" => &[
            ("log.retention.ms", 1),
            ("log.retention.minutes", 60000),
            ("log.retention.hours", 3600000),
        ],
        "max.message.bytes" => &[("message.max.bytes", 1)],
        "index.interval.bytes" => &[("log.index.interval.bytes", 1)],
        "delete.retention.ms" => &[("log.cleaner.delete.retention.ms", 1)],
        "min.compaction.lag.ms" => &[("log.cleaner.min.compaction.lag.ms", 1)],
        "max.compaction.lag.ms" => &[("log.cleaner.max.compaction.lag.ms", 1)],
        "file.delete.delay.ms" => &[("log.segment.delete.delay.ms", 1)],
        "min.cleanable.dirty.ratio" => &[("log.cleaner.min.cleanable.ratio", 1)],
        "cleanup.policy" => &[("log.cleanup.policy", 1)],
        "preallocate" => &[("log.preallocate", 1)],
        "message.timestamp.type" => &[("log.message.timestamp.type", 1)],
        "message.timestamp.before.max.ms" => &[("log.message.timestamp.before.max.ms", 1)],
        "message.timestamp.after.max.ms" => &[("log.message.timestamp.after.max.ms", 1)],
        "local.retention.ms" => &[("log.local.retention.ms", 1)],
        "local.retention.bytes" => &[("log.local.retention.bytes", 1)],
        "unclean.leader.election.enable" => &[("unclean.leader.election.enable", 1)],
        "min.insync.replicas" => &[("min.insync.replicas", 1)],
        "compression.type" => &[("compression.type", 1)],
        "compression.gzip.level" => &[("compression.gzip.level", 1)],
        "compression.lz4.level" => &[("compression.lz4.level", 1)],
        "compression.zstd.level" => &[("compression.zstd.level", 1)],
        _ => &[],
    }
}
