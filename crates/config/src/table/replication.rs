//! Replicas, and who leads them.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// How many replicas a partition gets that is created without saying.
    "default.replication.factor": Int = "1", honoured;
    /// How many replicas must be in sync for a write with acks=all to be taken.
    "min.insync.replicas": Int = "1", at_least(1), cluster_wide, honoured;
    /// Whether a replica that is not in sync may lead when no other can, at the price of records.
    "unclean.leader.election.enable": Boolean = "false", cluster_wide;
    /// How often the controller looks for partitions in which such an election is due.
    "unclean.leader.election.interval.ms": Long = "300000", at_least(1), internal;
    /// How long a follower may not have caught up before it is out of sync.
    "replica.lag.time.max.ms": Long = "30000";
    /// How many bytes of one partition a follower asks for at once; a first batch that is larger comes all the same.
    "replica.fetch.max.bytes": Int = "1048576", at_least(0);
    /// For how many bytes a follower's fetch waits.
    "replica.fetch.min.bytes": Int = "1";
    /// How long a follower's fetch waits for them.
    "replica.fetch.wait.max.ms": Int = "500";
    /// How long a follower sleeps after a fetch that failed.
    "replica.fetch.backoff.ms": Int = "1000", at_least(0);
    /// How many bytes a follower asks for at once over all partitions.
    "replica.fetch.response.max.bytes": Int = "10485760", at_least(0);
    /// Threads that fetch from each other broker.
    "num.replica.fetchers": Int = "1", at_least(1), cluster_wide;
    /// How long a follower's request may take on the network.
    "replica.socket.timeout.ms": Int = "30000";
    /// The size of the receive buffer of a follower's socket.
    "replica.socket.receive.buffer.bytes": Int = "65536";
    /// How often high watermarks are written down.
    "replica.high.watermark.checkpoint.interval.ms": Long = "5000";
    /// A plugin that chooses which replica a consumer reads from.
    "replica.selector.class": Text;
    /// Threads that move replicas between data directories; one for each directory where it is not set.
    "num.replica.alter.log.dirs.threads": Int;
    /// Whether leadership goes back to preferred replicas by itself.
    "auto.leader.rebalance.enable": Boolean = "true";
    /// How often the controller looks for leaders that are not the preferred ones.
    "leader.imbalance.check.interval.seconds": Long = "300", at_least(1);
    /// Whether a new replica begins after what is in remote storage, and leaves what is local on its leader where it is.
    "follower.fetch.last.tiered.offset.enable": Boolean = "false", cluster_wide;
};
