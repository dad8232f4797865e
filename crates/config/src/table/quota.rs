//! Quotas.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// A plugin that says which quota a client falls under.
    "client.quota.callback.class": Class;
    /// Over how many windows client quotas are averaged.
    "quota.window.num": Int = "11", at_least(1), honoured;
    /// The length of a window of client quotas.
    "quota.window.size.seconds": Int = "1", at_least(1), honoured;
    /// Over how many windows replication quotas are averaged.
    "replication.quota.window.num": Int = "11", at_least(1);
    /// The length of a window of replication quotas.
    "replication.quota.window.size.seconds": Int = "1", at_least(1);
    /// Over how many windows the quota of moves between data directories is averaged.
    "alter.log.dirs.replication.quota.window.num": Int = "11", at_least(1);
    /// The length of a window of that quota.
    "alter.log.dirs.replication.quota.window.size.seconds": Int = "1", at_least(1);
    /// Over how many windows quotas of controller mutations are averaged.
    "controller.quota.window.num": Int = "11", at_least(1), honoured;
    /// The length of a window of these quotas.
    "controller.quota.window.size.seconds": Int = "1", at_least(1), honoured;
    /// How many bytes a second this broker sends to followers of throttled replicas.
    "leader.replication.throttled.rate": Long = "9223372036854775807", at_least(0), cluster_wide, dynamic_only;
    /// How many bytes a second this broker fetches for its throttled replicas.
    "follower.replication.throttled.rate": Long = "9223372036854775807", at_least(0), cluster_wide, dynamic_only;
    /// How many bytes a second are moved between the data directories of this broker.
    "replica.alter.log.dirs.io.max.bytes.per.second": Long = "9223372036854775807", at_least(0), cluster_wide, dynamic_only;
};
