//! Logs and their defaults.

use super::{Form, Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// The data directory, where log.dirs is not set.
    "log.dir": List = "/tmp/kafka-logs", not_empty, honoured;
    /// The data directories; partitions are spread over them.
    "log.dirs": List, not_empty, honoured;
    /// Data directories that get no new partitions; * stands for all.
    "cordoned.log.dirs": List = "", per_broker, honoured;
    /// Ottla's own: with less than this free on the file system of a data directory (or a quarter of a small one) no records of
    /// clients are taken there, while there is room for what it takes to delete some; reading and deleting go on. 0 lets the file
    /// system be filled, which takes the directory offline.
    "log.dirs.min.free.bytes": Long = "134217728", at_least(0), internal, honoured;
    /// How long a broker goes on when it cannot tell the controller of a failed directory whose partitions it leads.
    "log.dir.failure.timeout.ms": Long = "30000", at_least(1);
    /// How many partitions a topic gets that is created without saying.
    "num.partitions": Int = "1", at_least(1), honoured;
    /// At what size a log goes on in a new segment.
    "log.segment.bytes": Int = "1073741824", at_least(1048576), cluster_wide, honoured;
    /// After how long a log goes on in a new segment although the old one is not full; log.roll.hours where it is not set.
    "log.roll.ms": Long, cluster_wide, honoured;
    /// The same as log.roll.ms, in hours.
    "log.roll.hours": Int = "168", at_least(1), honoured;
    /// By how much at most the age at which segments roll is shortened at random, so that they do not all roll at once;
    /// log.roll.jitter.hours where it is not set.
    "log.roll.jitter.ms": Long, cluster_wide, honoured;
    /// The same as log.roll.jitter.ms, in hours.
    "log.roll.jitter.hours": Int = "0", at_least(0), honoured;
    /// How long a log is kept; -1 for ever; log.retention.minutes where it is not set.
    "log.retention.ms": Long, cluster_wide, honoured;
    /// The same as log.retention.ms, in minutes; log.retention.hours where neither is set.
    "log.retention.minutes": Int, honoured;
    /// The same as log.retention.ms, in hours.
    "log.retention.hours": Int = "168", honoured;
    /// At what size a partition's log loses its oldest segments; -1 for never.
    "log.retention.bytes": Long = "-1", cluster_wide, honoured;
    /// How often logs are looked through for segments whose time is over.
    "log.retention.check.interval.ms": Long = "300000", at_least(1), honoured;
    /// What becomes of old segments: deleted, compacted to the latest record of each key, both, or, when empty, neither.
    "log.cleanup.policy": List = "delete", one_of(&["compact", "delete"]), cluster_wide, honoured;
    /// The largest size of a segment's index; a full one makes the log roll.
    "log.index.size.max.bytes": Int = "10485760", at_least(4), cluster_wide, honoured;
    /// After how many bytes of log the offset index gets another entry.
    "log.index.interval.bytes": Int = "4096", at_least(0), cluster_wide, honoured;
    /// After how many records a log is synced to the disk.
    "log.flush.interval.messages": Long = "9223372036854775807", at_least(1), cluster_wide, honoured;
    /// How long a record may be in memory only; log.flush.scheduler.interval.ms where it is not set.
    "log.flush.interval.ms": Long, cluster_wide, honoured;
    /// How often logs are looked through for ones to be synced.
    "log.flush.scheduler.interval.ms": Long = "9223372036854775807", honoured;
    /// How often it is written down up to where each log is on disk, which is where recovery begins.
    "log.flush.offset.checkpoint.interval.ms": Int = "60000", at_least(0);
    /// How often it is written down where each log begins.
    "log.flush.start.offset.checkpoint.interval.ms": Int = "60000", at_least(0);
    /// How long the file of a deleted segment stays before it is removed.
    "log.segment.delete.delay.ms": Long = "60000", at_least(0), cluster_wide, honoured;
    /// Whether a new segment takes its full size on the disk at once.
    "log.preallocate": Boolean = "false", cluster_wide;
    /// Whether a record keeps the time its producer gave it or gets the time of its append.
    "log.message.timestamp.type": Text = "CreateTime", one_of(&["CreateTime", "LogAppendTime"]), cluster_wide, honoured;
    /// By how much a record's time may lie before the broker's.
    "log.message.timestamp.before.max.ms": Long = "9223372036854775807", at_least(0), cluster_wide, honoured;
    /// By how much a record's time may lie after the broker's.
    "log.message.timestamp.after.max.ms": Long = "3600000", at_least(0), cluster_wide, honoured;
    /// The largest batch of records that is taken, after compression.
    "message.max.bytes": Int = "1048588", at_least(0), cluster_wide, honoured;
    /// The codec that batches are stored in; producer leaves them as they come.
    "compression.type": Text = "producer", one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), cluster_wide, honoured;
    /// How hard gzip tries where the broker compresses.
    "compression.gzip.level": Int = "-1", at_least(-1), at_most(9), form(Form::NotZero), cluster_wide, honoured;
    /// How hard lz4 tries where the broker compresses.
    "compression.lz4.level": Int = "9", at_least(1), at_most(17), cluster_wide;
    /// How hard zstd tries where the broker compresses.
    "compression.zstd.level": Int = "3", at_least(-131072), at_most(22), cluster_wide, honoured;
    /// Threads for each data directory that open logs at the start and close them at the end.
    "num.recovery.threads.per.data.dir": Int = "2", at_least(1), cluster_wide, honoured;
    /// How long after the start the recurring work on logs begins.
    "log.initial.task.delay.ms": Long = "30000", at_least(0), internal;
};
