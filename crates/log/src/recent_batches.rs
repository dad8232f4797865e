//! Where the newest batches of a log are.

use std::collections::VecDeque;

use ottla_model::Offset;
use ottla_wire::records::BatchHeader;

/// A consumer at the end of the log reads from one of the last batches on. More would only take memory.
const KEPT: usize = 16;

/// The last batches of the last segment, so that those who read at the end of a log find their place without the disk and its indexes.
#[derive(Debug, Default)]
pub(crate) struct RecentBatches {
    /// Of the segment they are in.
    segment: Offset,
    /// Base offset and position of each, without a gap between them.
    batches: VecDeque<(Offset, u64)>,
    /// Behind the last one.
    end: (Offset, u64),
}

/// Where a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The base of its segment.
    pub(crate) segment: Offset,
    pub(crate) position: u64,
    /// Of the whole batch.
    pub(crate) bytes: u64,
}

impl RecentBatches {
    /// Takes note of a batch that is in the file: the next one, or the first of a new segment.
    pub(crate) fn note(&mut self, segment: Offset, header: &BatchHeader, position: u64) {
        if segment != self.segment || self.end != (header.base_offset, position) {
            self.segment = segment;
            self.batches.clear();
        }
        if self.batches.len() == KEPT {
            self.batches.pop_front();
        }
        self.batches.push_back((header.base_offset, position));
        self.end = (header.next_offset(), position + header.size as u64);
    }

    /// Gives the memory back: nobody reads at the end of the log.
    pub(crate) fn forget(&mut self) {
        self.batches = VecDeque::new();
    }

    /// The batch that holds `offset`, if it is one of them.
    pub(crate) fn batch_of(&self, offset: Offset) -> Option<Place> {
        if offset >= self.end.0 {
            return None;
        }
        let behind = self.batches.partition_point(|(base, _)| *base <= offset);
        let (_, position) = *self.batches.get(behind.checked_sub(1)?)?;
        let (_, end) = self.batches.get(behind).copied().unwrap_or(self.end);
        Some(Place {
            segment: self.segment,
            position,
            bytes: end - position,
        })
    }

    /// The segment, and in it the position at which the batch of `offset` begins or will begin, if that is known.
    pub(crate) fn border(&self, offset: Offset) -> Option<(Offset, u64)> {
        if self.batches.is_empty() {
            return None;
        }
        let newest_first = [self.end]
            .into_iter()
            .chain(self.batches.iter().rev().copied());
        let mut borders = newest_first.skip_while(|(base, _)| *base > offset);
        let (base, position) = borders.next()?;
        (base == offset).then_some((self.segment, position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

    /// A batch of two records.
    fn header(base: i64) -> BatchHeader {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        for _ in 0..2 {
            builder.push(ottla_model::Timestamp(0), None, Some(b"value"), []);
        }
        let mut header = BatchHeader::parse(&builder.build()).expect("it is one");
        header.base_offset = Offset(base);
        header
    }

    /// So many batches from offset 10 and position 1000 on.
    fn recent(count: i64) -> (RecentBatches, u64) {
        let mut recent = RecentBatches::default();
        let bytes = header(0).size as u64;
        for i in 0..count {
            recent.note(Offset(3), &header(10 + 2 * i), 1000 + bytes * i as u64);
        }
        (recent, bytes)
    }

    #[test]
    fn the_batch_of_each_of_its_offsets_is_found() {
        let (recent, bytes) = recent(3);
        let place = |i: u64| Place {
            segment: Offset(3),
            position: 1000 + bytes * i,
            bytes,
        };
        let found = (9..17).map(|offset| recent.batch_of(Offset(offset)));
        let expected = [
            None,
            Some(0),
            Some(0),
            Some(1),
            Some(1),
            Some(2),
            Some(2),
            None,
        ];
        assert!(found.eq(expected.map(|i| i.map(place))));
    }

    #[test]
    fn borders_are_where_batches_begin_and_the_end() {
        let (recent, bytes) = recent(2);
        let found = (9..16).map(|offset| recent.border(Offset(offset)));
        let at = |i: u64| Some((Offset(3), 1000 + bytes * i));
        assert!(found.eq([None, at(0), None, at(1), None, at(2), None]));
        assert_eq!(RecentBatches::default().border(Offset(0)), None);
    }

    #[test]
    fn it_goes_on_where_it_was_forgotten() {
        let (mut recent, bytes) = recent(1);
        recent.forget();
        assert_eq!(recent.border(Offset(12)), None);
        recent.note(Offset(3), &header(12), 1000 + bytes);
        assert_eq!(recent.border(Offset(12)), Some((Offset(3), 1000 + bytes)));
    }

    #[test]
    fn the_oldest_is_forgotten_and_a_new_segment_begins_anew() {
        let (mut recent, _) = recent(KEPT as i64 + 1);
        assert_eq!(recent.batch_of(Offset(10)), None);
        assert!(recent.batch_of(Offset(12)).is_some());
        let end = recent.end.0;
        recent.note(end, &header(end.0), 0);
        assert_eq!(recent.batch_of(Offset(12)), None);
        assert_eq!(recent.border(end), Some((end, 0)));
    }
}
