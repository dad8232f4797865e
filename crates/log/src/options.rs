use std::time::Duration;

/// The settings of one log, as its topic resolves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`, less the jitter drawn for this log.
    pub segment_age: Duration,
    /// `index.interval.bytes`: how far apart index entries are at least.
    pub index_interval_bytes: u64,
    /// `segment.index.bytes`: what an index may grow to.
    pub index_bytes: usize,
    /// `retention.bytes`; `None` keeps any amount.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`; `None` keeps for ever.
    pub retention_age: Option<Duration>,
    /// Whether `cleanup.policy` names `delete`.
    pub deletes: bool,
    /// `producer.id.expiration.ms`.
    pub producer_expiration: Duration,
}
