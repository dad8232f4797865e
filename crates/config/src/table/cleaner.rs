//! Compaction.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Whether logs are compacted.
    "log.cleaner.enable": Boolean = "true";
    /// Threads that compact logs.
    "log.cleaner.threads": Int = "1", at_least(0), cluster_wide;
    /// How many bytes a second the cleaner reads and writes at most, all its threads together.
    "log.cleaner.io.max.bytes.per.second": Double = "1.7976931348623157E308", cluster_wide;
    /// Memory for the keys of the logs that are being compacted, all threads together.
    "log.cleaner.dedupe.buffer.size": Long = "134217728", cluster_wide;
    /// Memory for what the cleaner reads and writes, all threads together.
    "log.cleaner.io.buffer.size": Int = "524288", at_least(0), cluster_wide;
    /// How full the cleaner's table of keys may become: a fuller one takes more log at once and has more collisions.
    "log.cleaner.io.buffer.load.factor": Double = "0.9", cluster_wide;
    /// How long the cleaner sleeps when there is nothing to clean.
    "log.cleaner.backoff.ms": Long = "15000", at_least(0), cluster_wide;
    /// The share of a log that must be new since its last compaction for it to be compacted again.
    "log.cleaner.min.cleanable.ratio": Double = "0.5", at_least(0), at_most(1), cluster_wide;
    /// How long a tombstone stays in a compacted log, for readers that are behind to see it.
    "log.cleaner.delete.retention.ms": Long = "86400000", at_least(0), cluster_wide;
    /// How long a record is safe from compaction.
    "log.cleaner.min.compaction.lag.ms": Long = "0", at_least(0), cluster_wide;
    /// How long a record may wait for compaction at most.
    "log.cleaner.max.compaction.lag.ms": Long = "9223372036854775807", at_least(1), cluster_wide;
};
