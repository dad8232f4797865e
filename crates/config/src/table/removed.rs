//! Keys of earlier releases that Kafka 4.0 no longer has. Files that were carried along still hold them.

const NAMES: [&str; 13] = [
    "broker.id.generation.enable",
    "control.plane.listener.name",
    "controlled.shutdown.max.retries",
    "controlled.shutdown.retry.backoff.ms",
    "delegation.token.master.key",
    "group.coordinator.new.enable",
    "inter.broker.protocol.version",
    "leader.imbalance.per.broker.percentage",
    "log.message.downconversion.enable",
    "log.message.format.version",
    "log.message.timestamp.difference.max.ms",
    "offsets.commit.required.acks",
    "reserved.broker.max.id",
];

const PREFIXES: [&str; 2] = ["zookeeper.", "password.encoder."];

pub(crate) fn was_removed(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
