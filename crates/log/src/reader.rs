use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use ottla_env::{Disk, FilePiece};
use ottla_model::{LeaderEpoch, Offset, Timestamp};
use ottla_wire::records::{Batch, BatchHeader};
use parking_lot::RwLock;
use thiserror::Error;

use crate::leader_epochs::LeaderEpochs;
use crate::recent_batches::RecentBatches;
use crate::segment::Segment;

/// The most that a batch is decompressed to while a timestamp is looked up in it.
const MAX_UNCOMPRESSED: usize = i32::MAX as usize;

/// What the owner of a log publishes for its readers.
///
/// A batch is in its segment before the end counts it, and below the end before the high watermark does: whoever takes the high
/// watermark first finds everything below it.
#[derive(Debug)]
pub(crate) struct Shared<D: Disk> {
    /// Ascending; never empty once the log is open.
    pub(crate) segments: ArcSwap<Vec<Arc<Segment<D>>>>,
    pub(crate) epochs: ArcSwap<LeaderEpochs>,
    pub(crate) recent: RwLock<RecentBatches>,
    log_start: AtomicI64,
    high_watermark: AtomicI64,
    /// Where the oldest open transaction begins; `i64::MAX` without one.
    first_unstable: AtomicI64,
    end: AtomicI64,
}

impl<D: Disk> Shared<D> {
    /// An empty log.
    pub(crate) fn new(start: Offset) -> Self {
        Self {
            segments: ArcSwap::default(),
            epochs: ArcSwap::default(),
            recent: RwLock::default(),
            log_start: AtomicI64::new(start.0),
            high_watermark: AtomicI64::new(start.0),
            first_unstable: AtomicI64::new(Offset::MAX.0),
            end: AtomicI64::new(start.0),
        }
    }

    pub(crate) fn set_log_start(&self, offset: Offset) {
        self.log_start.store(offset.0, Ordering::Release);
    }

    pub(crate) fn set_high_watermark(&self, offset: Offset) {
        self.high_watermark.store(offset.0, Ordering::Release);
    }

    pub(crate) fn set_first_unstable(&self, offset: Option<Offset>) {
        self.first_unstable
            .store(offset.unwrap_or(Offset::MAX).0, Ordering::Release);
    }

    pub(crate) fn set_end(&self, offset: Offset) {
        self.end.store(offset.0, Ordering::Release);
    }
}

/// Reads a log that somebody else may be appending to. Cheap to clone.
#[derive(Debug)]
pub struct LogReader<D: Disk> {
    pub(crate) shared: Arc<Shared<D>>,
}

impl<D: Disk> Clone for LogReader<D> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Whole batches, in files; only the last one may be cut.
#[derive(Debug)]
pub struct LogSlice<F> {
    pub pieces: Vec<FilePiece<F>>,
    /// Of all pieces.
    pub bytes: u64,
}

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    pub offset: Offset,
    pub timestamp: Timestamp,
    /// That of the leader who appended it, which may have been deleted since, and its epoch with it.
    pub leader_epoch: LeaderEpoch,
}

/// Why nothing can be read.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("offset {asked} is not between {start} and {end}")]
    OutOfRange {
        asked: Offset,
        start: Offset,
        end: Offset,
    },
    #[error("segment {segment} is corrupt: {reason}")]
    Corrupt { segment: Offset, reason: String },
    #[error(transparent)]
    Io(io::Error),
}

impl<D: Disk> LogReader<D> {
    #[must_use]
    pub fn log_start(&self) -> Offset {
        Offset(self.shared.log_start.load(Ordering::Acquire))
    }

    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        Offset(self.shared.high_watermark.load(Ordering::Acquire))
    }

    /// Below it every transaction has ended.
    #[must_use]
    pub fn last_stable_offset(&self) -> Offset {
        // In this order: whatever lies below the high watermark that was taken is known to `first_unstable` by then.
        let high_watermark = self.high_watermark();
        high_watermark.min(Offset(self.shared.first_unstable.load(Ordering::Acquire)))
    }

    /// The offset that the next record gets.
    #[must_use]
    pub fn end(&self) -> Offset {
        Offset(self.shared.end.load(Ordering::Acquire))
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.shared
            .segments
            .load()
            .iter()
            .map(|segment| segment.size())
            .sum()
    }

    /// The epoch of the record at `offset`, or of the latest leader where there is none yet.
    #[must_use]
    pub fn epoch_of(&self, offset: Offset) -> LeaderEpoch {
        self.shared.epochs.load().epoch_of(offset)
    }

    /// The largest epoch not above `epoch`, and the offset behind its last record; (-1, -1) where nothing can be said.
    #[must_use]
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.shared.epochs.load().end_offset_for(epoch, self.end())
    }

    /// Batches from the one with `from` on, below `up_to`. At most `max_bytes`, unless `at_least_one` asks for the first batch
    /// however large it is; nothing if not even that fits.
    ///
    /// # Errors
    /// When `from` lies outside the log, or the disk fails.
    pub fn read(
        &self,
        from: Offset,
        max_bytes: u64,
        up_to: Offset,
        at_least_one: bool,
    ) -> Result<LogSlice<D::File>, ReadError> {
        let (start, end) = (self.log_start(), self.end());
        if from < start || from > end {
            return Err(ReadError::OutOfRange {
                asked: from,
                start,
                end,
            });
        }
        let up_to = up_to.min(end);
        let (recent, border) = {
            let recent = self.shared.recent.read();
            (recent.batch_of(from), recent.border(up_to))
        };
        let segments = self.shared.segments.load_full();
        // Retention takes segments away before it moves the start: what is missing is no longer in the log, and not to be passed over.
        if let Some(first) = segments.first().filter(|first| first.base > from) {
            return Err(ReadError::OutOfRange {
                asked: from,
                start: first.base,
                end: self.end(),
            });
        }
        let mut slice = LogSlice {
            pieces: Vec::new(),
            bytes: 0,
        };
        let mut next = from;
        let first = segments
            .partition_point(|segment| segment.base <= from)
            .saturating_sub(1);
        for (index, segment) in segments.iter().enumerate().skip(first) {
            if next >= up_to {
                break;
            }
            let failed = |error| match failed(segment.base, error) {
                // Retention has taken its file away since, which nobody had open.
                ReadError::Io(_) if self.is_gone(segment.base) => ReadError::OutOfRange {
                    asked: from,
                    start: self.log_start(),
                    end: self.end(),
                },
                error => error,
            };
            let behind = segments.get(index + 1).map(|next| next.base);
            // The last segment may be growing: where it ends is found, not assumed.
            let bound = match behind {
                Some(behind) if behind <= up_to => segment.size(),
                _ => match border {
                    Some((base, position)) if base == segment.base => position,
                    _ => {
                        let size = segment.size();
                        let batch = segment.batch_of(up_to).map_err(failed)?;
                        batch.map_or(size, |(position, _)| position.min(size))
                    }
                },
            };
            let found = match recent {
                Some(place) if place.segment == segment.base && next == from => {
                    Some((place.position, place.bytes))
                }
                _ => {
                    let batch = segment.batch_of(next).map_err(failed)?;
                    batch.map(|(position, header)| (position, header.size as u64))
                }
            };
            // Compaction may have emptied the segment from here on.
            if let Some((position, batch_bytes)) = found.filter(|(position, _)| *position < bound) {
                let room = max_bytes.saturating_sub(slice.bytes);
                let is_forced = at_least_one && slice.bytes == 0;
                if batch_bytes > room && !is_forced {
                    break;
                }
                let length =
                    (bound - position).min(room.max(if is_forced { batch_bytes } else { 0 }));
                slice.pieces.push(FilePiece {
                    file: segment.file().map_err(failed)?,
                    position,
                    length,
                });
                slice.bytes += length;
                if position + length < bound {
                    break;
                }
            }
            match behind {
                Some(behind) => next = behind,
                None => break,
            }
        }
        Ok(slice)
    }

    /// The first record with a timestamp at or above `timestamp`, from the log's start on.
    ///
    /// # Errors
    /// When the disk fails or a batch cannot be decoded.
    pub fn offset_for_timestamp(
        &self,
        timestamp: Timestamp,
    ) -> Result<Option<FoundOffset>, ReadError> {
        let segments = self.shared.segments.load_full();
        let log_start = self.log_start();
        for segment in segments.iter() {
            match first_since(segment, timestamp, log_start) {
                Ok(None) => {}
                // Retention has taken its file away since, and what was in it is no longer there to be found.
                Err(ReadError::Io(_)) if self.is_gone(segment.base) => {}
                outcome => return outcome,
            }
        }
        Ok(None)
    }

    /// Whether the segment of this base has been taken out of the log.
    fn is_gone(&self, base: Offset) -> bool {
        let segments = self.shared.segments.load();
        !segments.iter().any(|segment| segment.base == base)
    }

    /// The record with the largest timestamp; the first of several.
    ///
    /// # Errors
    /// When the disk fails or a batch cannot be decoded.
    pub fn max_timestamp(&self) -> Result<Option<FoundOffset>, ReadError> {
        let segments = self.shared.segments.load_full();
        let mut best: Option<(usize, Timestamp, Offset)> = None;
        for (index, segment) in segments.iter().enumerate() {
            let largest = segment.indexes.read().max_timestamp;
            if let Some((timestamp, offset)) =
                largest.filter(|(timestamp, _)| *timestamp != Timestamp::NONE)
                && best.is_none_or(|(_, best, _)| timestamp > best)
            {
                best = Some((index, timestamp, offset));
            }
        }
        let Some((index, timestamp, offset)) = best else {
            return Ok(None);
        };
        let segment = &segments[index];
        let is_it = |found: &FoundOffset| found.timestamp >= timestamp;
        let found = segment
            .batch_of(offset)
            .map_err(|error| failed(segment.base, error))
            .and_then(|located| match located {
                Some(located) => first_record(segment, located, is_it),
                None => Ok(None),
            });
        match found {
            Err(ReadError::Io(_)) if self.is_gone(segment.base) => self.max_timestamp(),
            outcome => outcome,
        }
    }
}

/// The first record of a segment with a timestamp at or above `timestamp`, from the log's start on.
fn first_since<D: Disk>(
    segment: &Segment<D>,
    timestamp: Timestamp,
    log_start: Offset,
) -> Result<Option<FoundOffset>, ReadError> {
    let may_have_it = |header: &BatchHeader| {
        header.max_timestamp >= timestamp && header.last_offset() >= log_start
    };
    let is_it = |found: &FoundOffset| found.timestamp >= timestamp && found.offset >= log_start;
    let corrupt = |error| failed(segment.base, error);
    let largest = segment.indexes.read().max_timestamp;
    if largest.is_none_or(|(largest, _)| largest < timestamp) {
        return Ok(None);
    }
    let mut from = segment.before_time(timestamp, log_start).map_err(corrupt)?;
    while let Some(batch) = segment.find(from, may_have_it).map_err(corrupt)? {
        if let Some(found) = first_record(segment, batch, is_it)? {
            return Ok(Some(found));
        }
        from = segment.behind(batch).map_err(corrupt)?;
    }
    Ok(None)
}

fn failed(segment: Offset, error: io::Error) -> ReadError {
    if error.kind() == io::ErrorKind::InvalidData {
        ReadError::Corrupt {
            segment,
            reason: error.to_string(),
        }
    } else {
        ReadError::Io(error)
    }
}

fn first_record<D: Disk>(
    segment: &Segment<D>,
    (position, header): (u64, BatchHeader),
    wanted: impl Fn(&FoundOffset) -> bool,
) -> Result<Option<FoundOffset>, ReadError> {
    let corrupt = |reason: String| ReadError::Corrupt {
        segment: segment.base,
        reason,
    };
    let bytes = segment
        .read_batch(position, &header)
        .map_err(|error| failed(segment.base, error))?;
    let batch = Batch::parse(&bytes).map_err(|error| corrupt(error.to_string()))?;
    let records = batch
        .uncompressed(MAX_UNCOMPRESSED)
        .map_err(|error| corrupt(error.to_string()))?;
    for record in batch.records(&records) {
        let record = record.map_err(|error| corrupt(error.to_string()))?;
        let found = FoundOffset {
            offset: record.offset,
            timestamp: record.timestamp,
            leader_epoch: header.leader_epoch,
        };
        if wanted(&found) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use ottla_env::fake::{ManualClock, SeededDisk};

    use super::*;
    use crate::handle::{Home, OpenHandles};

    #[test]
    fn what_retention_takes_away_under_a_read_is_out_of_range() {
        let disk = SeededDisk::new(ManualClock::new(Timestamp(0)));
        let open = Arc::new(OpenHandles::default());
        let home = Arc::new(Home::new(disk, "/".into(), open));
        let segment = Segment::create(&home, Offset(10)).expect("it is new");
        let shared = Shared::new(Offset::ZERO);
        shared.set_end(Offset(10));
        // The segments below are gone, and the start has not been moved yet.
        shared.segments.store(Arc::new(vec![Arc::new(segment)]));
        let reader = LogReader {
            shared: Arc::new(shared),
        };
        assert!(matches!(
            reader.read(Offset(4), 1000, Offset(10), true),
            Err(ReadError::OutOfRange {
                start: Offset(10),
                ..
            })
        ));
        let slice = reader.read(Offset(10), 1000, Offset(10), true);
        assert_eq!(slice.expect("it is the end").bytes, 0);
    }
}
