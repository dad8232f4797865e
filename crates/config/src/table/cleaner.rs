use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "log.cleaner.threads",
        Int,
        Some("1"),
        ClusterWide,
        "Cleaner threads.",
    ),
    Key::broker(
        "log.cleaner.dedupe.buffer.size",
        Long,
        Some("134217728"),
        ClusterWide,
        "Offset map memory.",
    ),
    Key::broker(
        "log.cleaner.min.cleanable.ratio",
        Double,
        Some("0.5"),
        ClusterWide,
        "Dirty ratio to start.",
    ),
    Key::broker(
        "log.cleaner.enable",
        Boolean,
        Some("true"),
        ReadOnly,
        "Compaction on/off.",
    ),
    Key::broker(
        "log.cleaner.delete.retention.ms",
        Long,
        Some("86400000"),
        ClusterWide,
        "Tombstone keep time.",
    ),
    Key::broker(
        "log.cleaner.min.compaction.lag.ms",
        Long,
        Some("0"),
        ClusterWide,
        "Not compacted younger than.",
    ),
    Key::broker(
        "log.cleaner.max.compaction.lag.ms",
        Long,
        Some("9223372036854775807"),
        ClusterWide,
        "Compacted at the latest.",
    ),
];
