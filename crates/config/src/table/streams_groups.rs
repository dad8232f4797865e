//! Streams groups (KIP-1071).

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// After how long without a heartbeat a member of a streams group is out.
    "group.streams.session.timeout.ms": Int = "45000", at_least(1);
    /// The shortest session that a streams group may be given.
    "group.streams.min.session.timeout.ms": Int = "45000", at_least(1);
    /// The longest session that a streams group may be given.
    "group.streams.max.session.timeout.ms": Int = "60000", at_least(1);
    /// How often the members of a streams group are to send heartbeats.
    "group.streams.heartbeat.interval.ms": Int = "5000", at_least(1);
    /// The shortest heartbeat interval that a streams group may be given.
    "group.streams.min.heartbeat.interval.ms": Int = "5000", at_least(1);
    /// The longest heartbeat interval that a streams group may be given.
    "group.streams.max.heartbeat.interval.ms": Int = "15000", at_least(1);
    /// The least time between two assignments of a streams group.
    "group.streams.assignment.interval.ms": Int = "1000", at_least(0), cluster_wide;
    /// The shortest assignment interval that a streams group may be given.
    "group.streams.min.assignment.interval.ms": Int = "0", at_least(0);
    /// The longest assignment interval that a streams group may be given.
    "group.streams.max.assignment.interval.ms": Int = "15000", at_least(0);
    /// Whether assignments of streams groups are computed beside the coordinator's other work.
    "group.streams.assignor.offload.enable": Boolean = "true", internal;
    /// How many members a streams group may have.
    "group.streams.max.size": Int = "2147483647", at_least(1);
    /// How many standby copies of its state each task of a streams group has.
    "group.streams.num.standby.replicas": Int = "0", at_least(0);
    /// The most standby copies that a streams group may be given.
    "group.streams.max.standby.replicas": Int = "2", at_least(0);
    /// How long a new streams group waits for more members before its first assignment.
    "group.streams.initial.rebalance.delay.ms": Int = "3000", at_least(0);
};
