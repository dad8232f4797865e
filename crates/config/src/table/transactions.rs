use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "transaction.state.log.min.isr",
        Int,
        Some("2"),
        ReadOnly,
        "Min ISR of the log.",
    ),
    Key::broker(
        "transaction.state.log.replication.factor",
        Short,
        Some("3"),
        ReadOnly,
        "Its RF.",
    ),
    Key::broker(
        "transaction.state.log.num.partitions",
        Int,
        Some("50"),
        ReadOnly,
        "Its partitions.",
    ),
    Key::broker(
        "transaction.partition.verification.enable",
        Boolean,
        Some("true"),
        ClusterWide,
        "Check partition is in transaction.",
    ),
    Key::broker(
        "producer.id.expiration.ms",
        Int,
        Some("86400000"),
        ClusterWide,
        "Idempotent state expiry.",
    ),
    Key::broker(
        "transactional.id.expiration.ms",
        Int,
        Some("604800000"),
        ReadOnly,
        "Idle id removal.",
    ),
    Key::broker(
        "transaction.max.timeout.ms",
        Int,
        Some("900000"),
        ReadOnly,
        "Largest client timeout.",
    ),
    Key::broker(
        "transaction.two.phase.commit.enable",
        Boolean,
        Some("false"),
        ReadOnly,
        "Allow 2PC (4.1+).",
    ),
];
