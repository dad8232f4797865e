use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "remote.log.storage.system.enable",
        Boolean,
        Some("false"),
        ReadOnly,
        "Tiered storage switch.",
    ),
    Key::broker(
        "remote.log.storage.manager.class.name",
        Text,
        None,
        ReadOnly,
        "RSM plugin.",
    ),
    Key::broker(
        "remote.log.metadata.manager.class.name",
        Text,
        Some(
            "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
        ),
        ReadOnly,
        "RLMM plugin.",
    ),
    Key::broker(
        "log.local.retention.ms",
        Long,
        Some("-2"),
        ClusterWide,
        "Local age; −2 = retention.ms.",
    ),
    Key::broker(
        "log.local.retention.bytes",
        Long,
        Some("-2"),
        ClusterWide,
        "Local size; −2 = retention.bytes.",
    ),
];
