//! When a snapshot of the metadata is due, and when the metadata before a snapshot may go (KIP-630).

use std::time::Duration;

use ottla_model::{Monotonic, Timestamp};

use crate::checkpoint::SnapshotId;

/// Settings of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub bytes_between: u64,
    /// `metadata.log.max.snapshot.interval.ms`; `None` for as long as it takes.
    pub interval: Option<Duration>,
    /// `metadata.max.retention.bytes`, of log and snapshots together; `None` keeps any amount.
    pub retention_bytes: Option<u64>,
    /// `metadata.max.retention.ms`; `None` keeps for ever.
    pub retention_age: Option<Duration>,
}

/// A snapshot on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub id: SnapshotId,
    /// Bytes.
    pub size: u64,
    /// Of the last record it contains.
    pub timestamp: Timestamp,
}

/// The snapshots there are, and the decisions about them.
#[derive(Clone, Debug)]
pub struct Snapshots {
    options: SnapshotOptions,
    /// Ascending.
    kept: Vec<Snapshot>,
    /// Of the log, since what the newest snapshot contains. Bytes.
    since_newest: u64,
    /// When the newest was begun, or this node started.
    begun: Monotonic,
    is_writing: bool,
}

impl Snapshots {
    /// `kept` is what was found, ascending; `behind` how many bytes of the log follow the newest.
    #[must_use]
    pub fn new(options: SnapshotOptions, kept: Vec<Snapshot>, behind: u64, now: Monotonic) -> Self {
        assert!(
            kept.is_sorted_by_key(|snapshot| snapshot.id),
            "snapshots are in order"
        );
        Self {
            options,
            kept,
            since_newest: behind,
            begun: now,
            is_writing: false,
        }
    }

    #[must_use]
    pub fn kept(&self) -> &[Snapshot] {
        &self.kept
    }

    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.is_writing
    }

    /// So many bytes of the log were committed.
    pub fn committed(&mut self, bytes: u64) {
        self.since_newest += bytes;
    }

    /// Whether to write one of what is committed now: there is much that the newest does not contain, or something for long.
    #[must_use]
    pub fn is_due(&self, now: Monotonic) -> bool {
        let is_much = self.since_newest >= self.options.bytes_between;
        let is_long = self.since_newest > 0
            && self
                .options
                .interval
                .is_some_and(|interval| now >= self.begun + interval);
        !self.is_writing && (is_much || is_long)
    }

    /// One is being written of all that is committed.
    pub fn begin(&mut self, now: Monotonic) {
        assert!(!self.is_writing, "one snapshot is written at a time");
        self.is_writing = true;
        self.since_newest = 0;
        self.begun = now;
    }

    /// It is on disk; or, `None`, it is not, and the next is written when it would have been due.
    pub fn written(&mut self, snapshot: Option<Snapshot>) {
        assert!(self.is_writing, "what was written was begun");
        self.is_writing = false;
        if let Some(snapshot) = snapshot {
            assert!(
                self.kept
                    .last()
                    .is_none_or(|newest| newest.id < snapshot.id),
                "a snapshot contains more than the one before"
            );
            self.kept.push(snapshot);
        }
    }

    /// The snapshot that all metadata before it may go for, if log and snapshots are too large or the oldest snapshot too old.
    /// The newest stays whatever its size and age.
    #[must_use]
    pub fn removable(&self, log_bytes: u64, now: Timestamp) -> Option<SnapshotId> {
        let [oldest, next, ..] = self.kept[..] else {
            return None;
        };
        let total = log_bytes + self.kept.iter().map(|snapshot| snapshot.size).sum::<u64>();
        let is_large = self.options.retention_bytes.is_some_and(|max| total > max);
        let age = now.0.saturating_sub(oldest.timestamp.0);
        let is_old = self
            .options
            .retention_age
            .is_some_and(|max| i128::from(age) > max.as_millis().cast_signed());
        (is_large || is_old).then_some(next.id)
    }

    /// Takes those before `id` out; their files are to be removed.
    pub fn forget_before(&mut self, id: SnapshotId) -> Vec<SnapshotId> {
        let count = self.kept.partition_point(|snapshot| snapshot.id < id);
        self.kept
            .drain(..count)
            .map(|snapshot| snapshot.id)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ottla_model::{LeaderEpoch, Offset};

    use super::*;

    const OPTIONS: SnapshotOptions = SnapshotOptions {
        bytes_between: 1000,
        interval: Some(Duration::from_secs(3600)),
        retention_bytes: Some(5000),
        retention_age: Some(Duration::from_secs(60)),
    };
    const START: Monotonic = Monotonic(Duration::ZERO);

    fn snapshot(offset: i64, size: u64, timestamp: i64) -> Snapshot {
        Snapshot {
            id: SnapshotId {
                end_offset: Offset(offset),
                epoch: LeaderEpoch(1),
            },
            size,
            timestamp: Timestamp(timestamp),
        }
    }

    #[test]
    fn one_is_due_after_enough_bytes_and_only_one_is_written_at_a_time() {
        let mut snapshots = Snapshots::new(OPTIONS, Vec::new(), 600, START);
        assert!(!snapshots.is_due(START));
        snapshots.committed(400);
        assert!(snapshots.is_due(START));
        snapshots.begin(START);
        snapshots.committed(2000);
        assert!(!snapshots.is_due(START));
        snapshots.written(Some(snapshot(10, 1, 1)));
        assert!(snapshots.is_due(START));
    }

    #[test]
    fn one_is_due_after_the_interval_if_there_is_anything_new() {
        let mut snapshots = Snapshots::new(OPTIONS, Vec::new(), 0, START);
        let later = START + Duration::from_secs(3600);
        assert!(!snapshots.is_due(later));
        snapshots.committed(1);
        assert!(snapshots.is_due(later));
        assert!(!snapshots.is_due(START + Duration::from_secs(3599)));
        // The next has an interval of its own.
        snapshots.begin(later);
        snapshots.written(Some(snapshot(10, 1, 1)));
        snapshots.committed(1);
        assert!(!snapshots.is_due(later));
        assert!(snapshots.is_due(later + Duration::from_secs(3600)));
    }

    #[test]
    fn one_that_could_not_be_written_is_tried_again_when_the_next_is_due() {
        let mut snapshots = Snapshots::new(OPTIONS, Vec::new(), 1000, START);
        snapshots.begin(START);
        snapshots.written(None);
        assert!(!snapshots.is_due(START));
        snapshots.committed(1000);
        assert!(snapshots.is_due(START));
    }

    #[test]
    fn what_is_before_the_second_goes_when_all_together_is_too_large() {
        let kept = vec![snapshot(10, 1000, 0), snapshot(20, 1000, 0)];
        let mut snapshots = Snapshots::new(OPTIONS, kept, 0, START);
        assert_eq!(snapshots.removable(3000, Timestamp(0)), None);
        let second = snapshots.removable(3001, Timestamp(0)).unwrap();
        assert_eq!(second, snapshot(20, 0, 0).id);
        assert_eq!(snapshots.forget_before(second), [snapshot(10, 0, 0).id]);
        assert_eq!(snapshots.removable(1 << 40, Timestamp(0)), None);
    }

    #[test]
    fn what_is_before_the_second_goes_when_the_first_is_too_old() {
        let kept = vec![snapshot(10, 1, 5), snapshot(20, 1, 70_000)];
        let snapshots = Snapshots::new(OPTIONS, kept, 0, START);
        assert_eq!(snapshots.removable(0, Timestamp(60_005)), None);
        assert!(snapshots.removable(0, Timestamp(60_006)).is_some());
    }
}
