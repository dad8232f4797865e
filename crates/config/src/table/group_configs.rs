//! What each group can have for itself (KIP-848, KIP-932, KIP-1071).

use super::{Form, Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// After how long without a heartbeat a member is out.
    "consumer.session.timeout.ms": Int = "45000", at_least(1), cluster_wide, honoured;
    /// How often members are to send heartbeats.
    "consumer.heartbeat.interval.ms": Int = "5000", at_least(1), cluster_wide, honoured;
    /// The least time between two assignments.
    "consumer.assignment.interval.ms": Int = "1000", at_least(0), cluster_wide, honoured;
    /// After how long without a heartbeat a member is out.
    "share.session.timeout.ms": Int = "45000", at_least(1), cluster_wide;
    /// How often members are to send heartbeats.
    "share.heartbeat.interval.ms": Int = "5000", at_least(1), cluster_wide;
    /// The least time between two assignments.
    "share.assignment.interval.ms": Int = "1000", at_least(0), cluster_wide;
    /// For how long a record belongs to the consumer that acquired it.
    "share.record.lock.duration.ms": Int = "30000", at_least(1000), cluster_wide;
    /// How often a record is delivered before it is given up.
    "share.delivery.count.limit": Int = "5", at_least(2), cluster_wide;
    /// How many records of a partition may be acquired at once.
    "share.partition.max.record.locks": Int = "2000", at_least(100), cluster_wide;
    /// Where the group begins in a partition that is new to it: earliest, latest, or by_duration: and an ISO 8601 duration back
    /// from now.
    "share.auto.offset.reset": Text = "latest", form(Form::OffsetReset), cluster_wide;
    /// Whether records of open and aborted transactions are delivered.
    "share.isolation.level": Text = "read_uncommitted", one_of(&["read_committed", "read_uncommitted"]), cluster_wide;
    /// Whether consumers may extend their lock on a record.
    "share.renew.acknowledge.enable": Boolean = "true", cluster_wide;
    /// After how long without a heartbeat a member is out.
    "streams.session.timeout.ms": Int = "45000", at_least(1), cluster_wide;
    /// How often members are to send heartbeats.
    "streams.heartbeat.interval.ms": Int = "5000", at_least(1), cluster_wide;
    /// The least time between two assignments.
    "streams.assignment.interval.ms": Int = "1000", at_least(0), cluster_wide;
    /// How many standby copies of its state each task has.
    "streams.num.standby.replicas": Int = "0", at_least(0), cluster_wide;
    /// How long a new group waits for more members before its first assignment.
    "streams.initial.rebalance.delay.ms": Int = "3000", at_least(0), cluster_wide;
};
