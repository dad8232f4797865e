use std::io;

use ottla_model::{Offset, Timestamp};

const ENTRY_BYTES: usize = 12;

/// A `.timeindex`: the largest timestamp so far, and the last offset of the batch that carried it.
///
/// Entries are eight bytes of timestamp and four of offset relative to the segment's base. Timestamps strictly ascend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeIndex {
    entries: Vec<(i64, u32)>,
}

impl TimeIndex {
    /// Adds an entry unless the last one says as much already, or none can say it.
    pub(crate) fn push(&mut self, base: Offset, timestamp: Timestamp, offset: Offset) {
        if self
            .entries
            .last()
            .is_some_and(|(last, _)| *last >= timestamp.0)
            || timestamp == Timestamp::NONE
        {
            return;
        }
        if let Ok(relative) = u32::try_from(offset - base) {
            self.entries.push((timestamp.0, relative));
        }
    }

    /// The last entry below `timestamp`: up to its offset every timestamp is.
    pub(crate) fn below(&self, base: Offset, timestamp: Timestamp) -> Option<(Timestamp, Offset)> {
        let below = self
            .entries
            .partition_point(|(time, _)| *time < timestamp.0);
        let (time, offset) = self.entries[below.checked_sub(1)?];
        Some((Timestamp(time), base + i64::from(offset)))
    }

    pub(crate) fn last(&self, base: Offset) -> Option<(Timestamp, Offset)> {
        self.entries
            .last()
            .map(|(time, relative)| (Timestamp(*time), base + i64::from(*relative)))
    }

    /// One slot stays free for the entry at the end.
    pub(crate) fn is_full(&self, bytes: usize) -> bool {
        (self.entries.len() + 2) * ENTRY_BYTES > bytes
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for (time, offset) in &self.entries {
            bytes.extend_from_slice(&time.to_be_bytes());
            bytes.extend_from_slice(&offset.to_be_bytes());
        }
        bytes
    }

    /// # Errors
    /// `InvalidData` when the entries do not ascend.
    pub(crate) fn parse(bytes: &[u8]) -> io::Result<Self> {
        let wrong = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return wrong("the size of a time index is not a multiple of 12");
        }
        let mut entries: Vec<(i64, u32)> = Vec::with_capacity(bytes.len() / ENTRY_BYTES);
        for entry in bytes.chunks_exact(ENTRY_BYTES) {
            let (time, offset) = entry.split_at(8);
            let time = i64::from_be_bytes(time.try_into().expect("8 bytes were split off"));
            let offset = u32::from_be_bytes(offset.try_into().expect("4 bytes are left"));
            if time == 0 && offset == 0 && !entries.is_empty() {
                break;
            }
            if entries
                .last()
                .is_some_and(|(t, o)| *t >= time || *o > offset)
            {
                return wrong("the entries of a time index do not ascend");
            }
            entries.push((time, offset));
        }
        Ok(Self { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slot_is_for_the_entry_that_a_segment_is_closed_with() {
        let mut index = TimeIndex::default();
        assert!(!index.is_full(2 * ENTRY_BYTES));
        index.push(Offset(10), Timestamp(5), Offset(11));
        assert!(index.is_full(2 * ENTRY_BYTES));
    }

    #[test]
    fn timestamps_that_do_not_rise_add_nothing() {
        let mut index = TimeIndex::default();
        let base = Offset(10);
        index.push(base, Timestamp(1000), Offset(12));
        index.push(base, Timestamp(900), Offset(15));
        index.push(base, Timestamp(2000), Offset(20));
        let first = (Timestamp(1000), Offset(12));
        assert_eq!(index.below(base, Timestamp(500)), None);
        assert_eq!(index.below(base, Timestamp(1500)), Some(first));
        assert_eq!(index.last(base), Some((Timestamp(2000), Offset(20))));
        assert_eq!(TimeIndex::parse(&index.to_bytes()).unwrap(), index);
    }
}
