//! Whether the log of a replica is a beginning of the leader's.

use ottla_model::{LeaderEpoch, Offset};

use crate::checkpoint::SnapshotId;

/// What the leader's log says to a replica with a certain last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogView {
    pub start: Offset,
    /// The largest epoch in the log that is not above the replica's, and where it ends. Where there is none, the replica's own,
    /// which ends where the log begins.
    pub end_of_epoch: (LeaderEpoch, Offset),
    /// The oldest snapshot there is, and the newest.
    pub snapshots: Option<(SnapshotId, SnapshotId)>,
}

/// Where a replica stands, and with it what it has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It goes on from where it is.
    Valid,
    /// It cuts its log to the end of this epoch, or to this offset if that is lower, and asks again.
    Diverging { epoch: LeaderEpoch, end: Offset },
    /// It begins anew with this snapshot: the log no longer has what it would need.
    Snapshot(SnapshotId),
}

impl LogView {
    /// Of a replica that has everything below `offset`, the last of it in `epoch`.
    #[must_use]
    pub fn position(&self, offset: Offset, epoch: LeaderEpoch) -> Position {
        if let Some((oldest, newest)) = self.snapshots {
            // The one a quorum is formatted with is everybody's own.
            let is_empty = offset == Offset::ZERO;
            if is_empty && newest != SnapshotId::BOOTSTRAP {
                return Position::Snapshot(newest);
            }
            let is_at_start = offset == self.start && self.start != Offset::ZERO;
            let lies_before = offset < self.start
                || (is_at_start && epoch != oldest.epoch)
                || epoch < oldest.epoch;
            if lies_before {
                return Position::Snapshot(newest);
            }
        }
        if self.start == Offset::ZERO && offset == Offset::ZERO && epoch == LeaderEpoch(0) {
            return Position::Valid;
        }
        let (found, end) = self.end_of_epoch;
        if found == epoch && offset <= end {
            return Position::Valid;
        }
        Position::Diverging { epoch: found, end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log that begins at 0.
    fn view(end_of_epoch: (i32, i64)) -> LogView {
        LogView {
            start: Offset::ZERO,
            end_of_epoch: (LeaderEpoch(end_of_epoch.0), Offset(end_of_epoch.1)),
            snapshots: None,
        }
    }

    fn snapshot(end_offset: i64, epoch: i32) -> SnapshotId {
        SnapshotId {
            end_offset: Offset(end_offset),
            epoch: LeaderEpoch(epoch),
        }
    }

    fn diverging(epoch: i32, end: i64) -> Position {
        Position::Diverging {
            epoch: LeaderEpoch(epoch),
            end: Offset(end),
        }
    }

    #[test]
    fn a_replica_within_the_end_of_its_epoch_goes_on() {
        let position = |offset| view((1, 938)).position(Offset(offset), LeaderEpoch(1));
        assert_eq!(position(5), Position::Valid);
        assert_eq!(position(938), Position::Valid);
        assert_eq!(position(951), diverging(1, 938));
    }

    #[test]
    fn a_replica_with_an_epoch_that_never_was_is_told_the_one_before() {
        assert_eq!(
            view((8, 952)).position(Offset(500), LeaderEpoch(11)),
            diverging(8, 952)
        );
        assert_eq!(
            view((0, 0)).position(Offset(5), LeaderEpoch(0)),
            diverging(0, 0)
        );
    }

    #[test]
    fn an_empty_replica_begins_with_the_newest_snapshot_unless_that_is_everybodys_own() {
        let mut log = view((0, 0));
        assert_eq!(log.position(Offset::ZERO, LeaderEpoch(0)), Position::Valid);
        log.snapshots = Some((SnapshotId::BOOTSTRAP, SnapshotId::BOOTSTRAP));
        assert_eq!(log.position(Offset::ZERO, LeaderEpoch(0)), Position::Valid);
        log.snapshots = Some((SnapshotId::BOOTSTRAP, snapshot(40, 1)));
        assert_eq!(
            log.position(Offset::ZERO, LeaderEpoch(0)),
            Position::Snapshot(snapshot(40, 1))
        );
    }

    #[test]
    fn a_replica_that_needs_what_was_deleted_begins_with_the_newest_snapshot() {
        let (oldest, newest) = (snapshot(100, 3), snapshot(200, 4));
        let log = LogView {
            start: Offset(100),
            end_of_epoch: (LeaderEpoch(3), Offset(150)),
            snapshots: Some((oldest, newest)),
        };
        let position = |offset, epoch| log.position(Offset(offset), LeaderEpoch(epoch));
        assert_eq!(position(99, 3), Position::Snapshot(newest));
        assert_eq!(position(100, 2), Position::Snapshot(newest));
        assert_eq!(position(120, 2), Position::Snapshot(newest));
        assert_eq!(position(100, 3), Position::Valid);
        assert_eq!(position(120, 3), Position::Valid);
        assert_eq!(position(151, 3), diverging(3, 150));
    }
}
