use std::io;

use ottla_model::Offset;

const ENTRY_BYTES: usize = 8;

/// A `.index`: for some batches, the offset of the last record and where the batch begins in the segment.
///
/// Entries are four bytes of offset relative to the segment's base and four of position, ascending in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OffsetIndex {
    entries: Vec<(u32, u32)>,
}

impl OffsetIndex {
    /// `last` is the offset of the last record of the batch at `position`. What no entry can say, or what does not ascend, is left out:
    /// it is found from the entry before.
    pub(crate) fn push(&mut self, base: Offset, last: Offset, position: u64) {
        let (Ok(relative), Ok(position)) = (u32::try_from(last - base), u32::try_from(position))
        else {
            return;
        };
        if self
            .entries
            .last()
            .is_none_or(|(previous, _)| relative > *previous)
        {
            self.entries.push((relative, position));
        }
    }

    /// The last offset that it knows of.
    pub(crate) fn last(&self, base: Offset) -> Option<Offset> {
        self.entries
            .last()
            .map(|(relative, _)| base + i64::from(*relative))
    }

    /// The last entry below `offset`: a last offset, and a position before the batch that holds `offset`.
    pub(crate) fn below(&self, base: Offset, offset: Offset) -> Option<(Offset, u64)> {
        let relative = offset - base;
        let below = self
            .entries
            .partition_point(|(last, _)| i64::from(*last) < relative);
        let (last, position) = self.entries[below.checked_sub(1)?];
        Some((base + i64::from(last), u64::from(position)))
    }

    pub(crate) fn is_full(&self, bytes: usize) -> bool {
        (self.entries.len() + 1) * ENTRY_BYTES > bytes
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.entries
            .iter()
            .flat_map(|(offset, position)| [offset.to_be_bytes(), position.to_be_bytes()].concat())
            .collect()
    }

    /// # Errors
    /// `InvalidData` when the entries do not ascend or lie beyond the segment, which then makes the index anew.
    pub(crate) fn parse(bytes: &[u8], segment_bytes: u64) -> io::Result<Self> {
        let wrong = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return wrong("the size of an offset index is not a multiple of 8");
        }
        let mut entries: Vec<(u32, u32)> = Vec::with_capacity(bytes.len() / ENTRY_BYTES);
        for entry in bytes.chunks_exact(ENTRY_BYTES) {
            let [a, b, c, d, e, f, g, h] = *entry else {
                return wrong("an entry has 8 bytes");
            };
            let (offset, position) = (
                u32::from_be_bytes([a, b, c, d]),
                u32::from_be_bytes([e, f, g, h]),
            );
            // An index is preallocated by Apache; a crash leaves the zeros.
            if offset == 0 && position == 0 && !entries.is_empty() {
                break;
            }
            if u64::from(position) >= segment_bytes.max(1) {
                return wrong("an offset index points beyond its segment");
            }
            if entries
                .last()
                .is_some_and(|(o, p)| *o >= offset || *p > position)
            {
                return wrong("the entries of an offset index do not ascend");
            }
            entries.push((offset, position));
        }
        Ok(Self { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_found_from_the_entry_below() {
        let mut index = OffsetIndex::default();
        let base = Offset(100);
        index.push(base, Offset(109), 4096);
        index.push(base, Offset(119), 9000);
        assert_eq!(index.below(base, Offset(105)), None);
        assert_eq!(index.below(base, Offset(109)), None);
        assert_eq!(index.below(base, Offset(110)), Some((Offset(109), 4096)));
        assert_eq!(index.below(base, Offset(500)), Some((Offset(119), 9000)));
        assert_eq!(
            OffsetIndex::parse(&index.to_bytes(), 10_000).unwrap(),
            index
        );
        assert!(OffsetIndex::parse(&index.to_bytes(), 9000).is_err());
        assert!(OffsetIndex::parse(&[0; 9], 9000).is_err());
    }

    #[test]
    fn what_does_not_ascend_or_fit_is_left_out() {
        let mut index = OffsetIndex::default();
        index.push(Offset(0), Offset(9), 61);
        let before = index.clone();
        index.push(Offset(0), Offset(9), 122);
        index.push(Offset(0), Offset(1 << 40), 122);
        index.push(Offset(0), Offset(20), 1 << 40);
        assert_eq!(index, before);
    }

    #[test]
    fn a_tail_of_zeros_is_no_entries() {
        let mut index = OffsetIndex::default();
        index.push(Offset(0), Offset(9), 61);
        let mut bytes = index.to_bytes();
        bytes.extend([0; 80]);
        assert_eq!(OffsetIndex::parse(&bytes, 100).unwrap(), index);
    }
}
