use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "group.share.delivery.count.limit",
        Int,
        Some("5"),
        ReadOnly,
        "Deliveries before archive.",
    ),
    Key::broker(
        "group.share.partition.max.record.locks",
        Int,
        Some("2000"),
        ReadOnly,
        "In-flight records per share partition.",
    ),
    Key::broker(
        "group.share.max.share.sessions",
        Int,
        Some("2000"),
        ReadOnly,
        "Share session cache.",
    ),
];
