//! What each topic can have for itself.

use super::{Form, Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// What becomes of old segments: deleted, compacted to the latest record of each key, both, or, when empty, neither.
    "cleanup.policy": List = "delete", one_of(&["compact", "delete"]), cluster_wide, honoured;
    /// The codec that batches are stored in; producer leaves them as they come.
    "compression.type": Text = "producer", one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), cluster_wide, honoured;
    /// How hard gzip tries where the broker compresses.
    "compression.gzip.level": Int = "-1", at_least(-1), at_most(9), form(Form::NotZero), cluster_wide, honoured;
    /// How hard lz4 tries where the broker compresses.
    "compression.lz4.level": Int = "9", at_least(1), at_most(17), cluster_wide;
    /// How hard zstd tries where the broker compresses.
    "compression.zstd.level": Int = "3", at_least(-131072), at_most(22), cluster_wide, honoured;
    /// How long a tombstone stays in the compacted log, for readers that are behind to see it.
    "delete.retention.ms": Long = "86400000", at_least(0), cluster_wide;
    /// How long the file of a deleted segment stays before it is removed.
    "file.delete.delay.ms": Long = "60000", at_least(0), cluster_wide, honoured;
    /// After how many records the log is synced to the disk.
    "flush.messages": Long = "9223372036854775807", at_least(1), cluster_wide, honoured;
    /// How long a record may be in memory only.
    "flush.ms": Long = "9223372036854775807", at_least(0), cluster_wide, honoured;
    /// Replicas whose fetches are throttled, each as partition:broker, or * for all.
    "follower.replication.throttled.replicas": List = "", form(Form::ThrottledReplicas), cluster_wide;
    /// Replicas that are throttled on the leader's side, each as partition:broker, or * for all.
    "leader.replication.throttled.replicas": List = "", form(Form::ThrottledReplicas), cluster_wide;
    /// After how many bytes of log the offset index gets another entry.
    "index.interval.bytes": Int = "4096", at_least(0), cluster_wide, honoured;
    /// A smaller segment size than segment.bytes allows, for tests.
    "internal.segment.bytes": Int, cluster_wide, internal, honoured;
    /// How many bytes of a partition stay local after they were copied to remote storage; -2 for as many as retention.bytes says.
    "local.retention.bytes": Long = "-2", at_least(-2), cluster_wide;
    /// How long a segment stays local after it was copied to remote storage; -2 for as long as retention.ms says.
    "local.retention.ms": Long = "-2", at_least(-2), cluster_wide;
    /// How long a record may wait for compaction at most.
    "max.compaction.lag.ms": Long = "9223372036854775807", at_least(1), cluster_wide;
    /// How long a record is safe from compaction.
    "min.compaction.lag.ms": Long = "0", at_least(0), cluster_wide;
    /// The share of the log that must be new since its last compaction for it to be compacted again.
    "min.cleanable.dirty.ratio": Double = "0.5", at_least(0), at_most(1), cluster_wide;
    /// The largest batch of records that is taken, after compression.
    "max.message.bytes": Int = "1048588", at_least(0), cluster_wide, honoured;
    /// Whether a record keeps the time its producer gave it or gets the time of its append.
    "message.timestamp.type": Text = "CreateTime", one_of(&["CreateTime", "LogAppendTime"]), cluster_wide, honoured;
    /// By how much a record's time may lie before the broker's.
    "message.timestamp.before.max.ms": Long = "9223372036854775807", at_least(0), cluster_wide, honoured;
    /// By how much a record's time may lie after the broker's.
    "message.timestamp.after.max.ms": Long = "3600000", at_least(0), cluster_wide, honoured;
    /// How many replicas must be in sync for a write with acks=all to be taken.
    "min.insync.replicas": Int = "1", at_least(1), cluster_wide, honoured;
    /// Whether a new segment takes its full size on the disk at once.
    "preallocate": Boolean = "false", cluster_wide;
    /// Whether old segments of the topic go to remote storage.
    "remote.storage.enable": Boolean = "false", cluster_wide;
    /// Whether the topic's remote segments stay as they are and no more are added.
    "remote.log.copy.disable": Boolean = "false", cluster_wide;
    /// Whether the topic's remote segments are deleted when remote storage is switched off for it.
    "remote.log.delete.on.disable": Boolean = "false", cluster_wide;
    /// At what size a partition loses its oldest segments; -1 for never.
    "retention.bytes": Long = "-1", cluster_wide, honoured;
    /// How long a segment is kept; -1 for ever.
    "retention.ms": Long = "604800000", at_least(-1), cluster_wide, honoured;
    /// At what size the log goes on in a new segment.
    "segment.bytes": Int = "1073741824", at_least(1048576), cluster_wide, honoured;
    /// The largest size of a segment's index; a full one makes the log roll.
    "segment.index.bytes": Int = "10485760", at_least(4), cluster_wide, honoured;
    /// By how much at most segment.ms is shortened at random, so that segments do not all roll at once.
    "segment.jitter.ms": Long = "0", at_least(0), cluster_wide, honoured;
    /// After how long the log goes on in a new segment although the old one is not full.
    "segment.ms": Long = "604800000", at_least(1), cluster_wide, honoured;
    /// Whether a replica that is not in sync may lead when no other can, at the price of records.
    "unclean.leader.election.enable": Boolean = "false", cluster_wide;
};
