//! Transactions and idempotent producers.

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// How many replicas the topic of transaction states gets.
    "transaction.state.log.replication.factor": Short = "3", at_least(1);
    /// How many replicas of it must be in sync for a write to be taken.
    "transaction.state.log.min.isr": Int = "2", at_least(1);
    /// How many partitions the topic of transaction states gets; not to be changed later.
    "transaction.state.log.num.partitions": Int = "50", at_least(1);
    /// The segment size of the topic of transaction states.
    "transaction.state.log.segment.bytes": Int = "104857600", at_least(1);
    /// How many bytes are read at once when a coordinator loads transaction states.
    "transaction.state.log.load.buffer.size": Int = "5242880", at_least(1);
    /// The longest time that a producer may ask for a transaction to stay open.
    "transaction.max.timeout.ms": Int = "900000", at_least(1);
    /// After how long without use a transactional id is forgotten.
    "transactional.id.expiration.ms": Int = "604800000", at_least(1);
    /// How often transactional ids are looked through for ones to forget.
    "transaction.remove.expired.transaction.cleanup.interval.ms": Int = "3600000", at_least(1);
    /// How often open transactions are looked through for ones to abort.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": Int = "10000", at_least(1);
    /// Whether a partition's leader makes sure, before it takes a transactional write, that the partition is part of an open
    /// transaction.
    "transaction.partition.verification.enable": Boolean = "true", cluster_wide;
    /// Whether producers may open transactions that only they themselves end, as part of a two-phase commit.
    "transaction.two.phase.commit.enable": Boolean = "false";
    /// After how long without a write the state of an idempotent producer is forgotten.
    "producer.id.expiration.ms": Int = "86400000", at_least(1), cluster_wide, honoured;
    /// How often producer states are looked through for ones to forget.
    "producer.id.expiration.check.interval.ms": Int = "600000", at_least(1), internal;
    /// How long to wait before a partition's verification is tried again.
    "add.partitions.to.txn.retry.backoff.ms": Int = "20", at_least(1);
    /// How long a partition's verification is tried before the producer is told to try itself.
    "add.partitions.to.txn.retry.backoff.max.ms": Int = "100", at_least(0);
};
