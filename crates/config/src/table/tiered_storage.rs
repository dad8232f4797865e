//! Segments in remote storage (KIP-405).

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Whether old segments can go to remote storage.
    "remote.log.storage.system.enable": Boolean = "false";
    /// The plugin that stores segments remotely.
    "remote.log.storage.manager.class.name": Text, not_empty;
    /// Where that plugin's classes are.
    "remote.log.storage.manager.class.path": Text;
    /// What the names of that plugin's own keys begin with.
    "remote.log.storage.manager.impl.prefix": Text = "rsm.config.", not_empty;
    /// The plugin that remembers which segments are remote.
    "remote.log.metadata.manager.class.name": Text = "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager", not_empty;
    /// Where that plugin's classes are.
    "remote.log.metadata.manager.class.path": Text;
    /// What the names of that plugin's own keys begin with.
    "remote.log.metadata.manager.impl.prefix": Text = "rlmm.config.", not_empty;
    /// The listener by which that plugin reaches the brokers.
    "remote.log.metadata.manager.listener.name": Text, not_empty;
    /// The most bytes that the storage plugin may have remembered for a segment.
    "remote.log.metadata.custom.metadata.max.bytes": Int = "128", at_least(0);
    /// Disk space for indexes of remote segments.
    "remote.log.index.file.cache.total.size.bytes": Long = "1073741824", at_least(1), cluster_wide;
    /// How long an index that nobody uses stays there; -1 for ever.
    "remote.log.index.file.cache.ttl.ms": Long = "900000", at_least(-1), internal;
    /// Threads that plan the work on remote segments.
    "remote.log.manager.thread.pool.size": Int = "2", at_least(1);
    /// Threads that copy segments to remote storage.
    "remote.log.manager.copier.thread.pool.size": Int = "10", at_least(1), cluster_wide;
    /// Threads that remove expired segments from remote storage.
    "remote.log.manager.expiration.thread.pool.size": Int = "10", at_least(1), cluster_wide;
    /// Threads that follow, for a partition's followers, what its leader did remotely.
    "remote.log.manager.follower.thread.pool.size": Int = "2", at_least(1), cluster_wide;
    /// How often segments are looked through for ones to copy or to expire.
    "remote.log.manager.task.interval.ms": Long = "30000", at_least(1);
    /// How long to wait before a failed remote request is tried again.
    "remote.log.manager.task.retry.backoff.ms": Long = "500", at_least(1), internal;
    /// What that wait grows to.
    "remote.log.manager.task.retry.backoff.max.ms": Long = "30000", at_least(1), internal;
    /// By what share that wait varies at random.
    "remote.log.manager.task.retry.jitter": Double = "0.2", at_least(0), at_most_real(0.5), internal;
    /// Threads that read from remote storage.
    "remote.log.reader.threads": Int = "10", at_least(1), cluster_wide;
    /// How many remote reads may wait before more are refused.
    "remote.log.reader.max.pending.tasks": Int = "100", at_least(1);
    /// How many bytes a second go to remote storage.
    "remote.log.manager.copy.max.bytes.per.second": Long = "9223372036854775807", at_least(1), cluster_wide;
    /// Over how many windows that rate is averaged.
    "remote.log.manager.copy.quota.window.num": Int = "11", at_least(1);
    /// The length of such a window.
    "remote.log.manager.copy.quota.window.size.seconds": Int = "1", at_least(1);
    /// How many bytes a second come from remote storage.
    "remote.log.manager.fetch.max.bytes.per.second": Long = "9223372036854775807", at_least(1), cluster_wide;
    /// Over how many windows that rate is averaged.
    "remote.log.manager.fetch.quota.window.num": Int = "11", at_least(1);
    /// The length of such a window.
    "remote.log.manager.fetch.quota.window.size.seconds": Int = "1", at_least(1);
    /// How long a fetch waits for remote storage.
    "remote.fetch.max.wait.ms": Int = "500", at_least(1), cluster_wide;
    /// How long a search for an offset waits for remote storage.
    "remote.list.offsets.request.timeout.ms": Long = "30000", at_least(1), cluster_wide;
    /// How long a segment stays local after it was copied; -2 for as long as it is kept at all.
    "log.local.retention.ms": Long = "-2", at_least(-2), cluster_wide;
    /// How many bytes of a partition stay local after they were copied; -2 for as many as are kept at all.
    "log.local.retention.bytes": Long = "-2", at_least(-2), cluster_wide;
};
