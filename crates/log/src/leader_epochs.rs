use std::fmt::Write;

use ottla_model::{LeaderEpoch, Offset};

use crate::checkpoint::{self, ParseCheckpointError};

/// Where each leader epoch began: what followers and consumers compare to find where two histories part (KIP-101, KIP-279).
/// Both epochs and offsets ascend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaderEpochs {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl LeaderEpochs {
    /// Records that `epoch` begins at `start`. True if that is news. An epoch that left no records gives way.
    pub(crate) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if self.entries.last().is_some_and(|(last, _)| *last >= epoch) {
            return false;
        }
        self.entries.retain(|(_, other)| *other < start);
        self.entries.push((epoch, start));
        true
    }

    /// Whether all that `other` knows is what is known here, and comes first.
    pub(crate) fn begins_with(&self, other: &Self) -> bool {
        self.entries.starts_with(&other.entries)
    }

    pub(crate) fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|(epoch, _)| *epoch)
    }

    /// Where the oldest one that is known began, or the log does.
    pub(crate) fn start(&self) -> Option<Offset> {
        self.entries.first().map(|(_, start)| *start)
    }

    /// The epoch of the record at `offset`; none below the oldest known.
    pub(crate) fn epoch_of(&self, offset: Offset) -> LeaderEpoch {
        let upto = self.entries.partition_point(|(_, start)| *start <= offset);
        upto.checked_sub(1)
            .map_or(LeaderEpoch::NONE, |i| self.entries[i].0)
    }

    /// The largest epoch not above `epoch`, and the offset behind its last record; (-1, -1) where nothing can be said.
    pub(crate) fn end_offset_for(
        &self,
        epoch: LeaderEpoch,
        log_end: Offset,
    ) -> (LeaderEpoch, Offset) {
        const UNDEFINED: (LeaderEpoch, Offset) = (LeaderEpoch::NONE, Offset::UNKNOWN);
        let Some(latest) = self.latest() else {
            return UNDEFINED;
        };
        if epoch == LeaderEpoch::NONE || epoch > latest {
            return UNDEFINED;
        }
        if epoch == latest {
            return (epoch, log_end);
        }
        let above = self.entries.partition_point(|(other, _)| *other <= epoch);
        let end = self.entries[above].1;
        let found = above.checked_sub(1).map_or(epoch, |i| self.entries[i].0);
        (found, end)
    }

    /// Forgets epochs that begin at or behind `end`, the new end of the log.
    pub(crate) fn truncate_end(&mut self, end: Offset) {
        self.entries.retain(|(_, start)| *start < end);
    }

    /// Forgets what lies below `start`, the new beginning of the log; the epoch of its first record now begins there.
    pub(crate) fn truncate_start(&mut self, start: Offset) {
        let first = self
            .entries
            .partition_point(|(_, other)| *other <= start)
            .saturating_sub(1);
        self.entries.drain(..first);
        if let Some((_, first)) = self.entries.first_mut() {
            *first = (*first).max(start);
        }
    }

    /// The contents of `leader-epoch-checkpoint`.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("0\n{}\n", self.entries.len());
        for (epoch, start) in &self.entries {
            writeln!(text, "{epoch} {start}").expect("writing to a string does not fail");
        }
        text
    }

    /// # Errors
    /// When the text is no such file, or its entries do not ascend.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseCheckpointError> {
        let mut epochs = Self::default();
        for line in checkpoint::lines(text)? {
            let [epoch, start] = checkpoint::numbers(line)?;
            let epoch = i32::try_from(epoch).map_err(|_| ParseCheckpointError::new(line))?;
            let (epoch, start) = (LeaderEpoch(epoch), Offset(start));
            if epochs
                .entries
                .last()
                .is_some_and(|(e, s)| *e >= epoch || *s > start)
            {
                return Err(ParseCheckpointError::new(line));
            }
            epochs.entries.push((epoch, start));
        }
        Ok(epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> LeaderEpochs {
        LeaderEpochs::parse("0\n3\n1 0\n3 10\n5 20\n").unwrap()
    }

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let end = |epoch| {
            let (epoch, end) = some().end_offset_for(LeaderEpoch(epoch), Offset(30));
            (epoch.0, end.0)
        };
        assert_eq!(end(5), (5, 30));
        assert_eq!(end(4), (3, 20));
        assert_eq!(end(3), (3, 20));
        assert_eq!(end(2), (1, 10));
        assert_eq!(end(0), (0, 0));
        assert_eq!(end(6), (-1, -1));
        assert_eq!(end(-1), (-1, -1));
    }

    #[test]
    fn an_epoch_without_records_gives_way() {
        let mut epochs = some();
        assert!(epochs.assign(LeaderEpoch(6), Offset(20)));
        assert!(!epochs.assign(LeaderEpoch(6), Offset(25)));
        assert_eq!(epochs.to_text(), "0\n3\n1 0\n3 10\n6 20\n");
        assert_eq!(epochs.epoch_of(Offset(12)), LeaderEpoch(3));
    }

    #[test]
    fn an_epoch_that_ends_where_the_log_now_begins_is_forgotten() {
        let mut epochs = some();
        epochs.truncate_start(Offset(9));
        assert_eq!(epochs.to_text(), "0\n3\n1 9\n3 10\n5 20\n");
        epochs.truncate_start(Offset(10));
        assert_eq!(epochs.to_text(), "0\n2\n3 10\n5 20\n");
    }

    #[test]
    fn truncation_keeps_what_is_left() {
        let mut epochs = some();
        epochs.truncate_start(Offset(15));
        assert_eq!(epochs.to_text(), "0\n2\n3 15\n5 20\n");
        epochs.truncate_end(Offset(20));
        assert_eq!(epochs.to_text(), "0\n1\n3 15\n");
        assert!(LeaderEpochs::parse("0\n2\n3 15\n3 20\n").is_err());
    }
}
