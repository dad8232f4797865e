use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "client.quota.callback.class",
        Class,
        None,
        ReadOnly,
        "Quota plugin.",
    ),
    Key::broker(
        "leader.replication.throttled.rate",
        Long,
        Some("9223372036854775807"),
        ClusterWide,
        "Bytes/s served to throttled followers.",
    ),
    Key::broker(
        "follower.replication.throttled.rate",
        Long,
        Some("9223372036854775807"),
        ClusterWide,
        "Bytes/s fetched by throttled.",
    ),
];
