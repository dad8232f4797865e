use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_model::{Offset, Timestamp};
use ottla_wire::records::{BATCH_OVERHEAD, BatchHeader};
use parking_lot::RwLock;

use crate::offset_index::OffsetIndex;
use crate::time_index::TimeIndex;

/// The last offset a segment may have, counted from its base: what an index entry can say.
pub(crate) const MAX_RELATIVE_OFFSET: i64 = i32::MAX as i64;

/// A file of the segment that begins at `base`.
pub(crate) fn path(directory: &Path, base: Offset, extension: &str) -> PathBuf {
    directory.join(format!("{:020}.{extension}", base.0))
}

/// What is known of a segment's batches without reading them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
    /// The largest timestamp and the last offset of the batch that carries it.
    pub(crate) max_timestamp: Option<(Timestamp, Offset)>,
    /// Of the first batch.
    pub(crate) first_timestamp: Option<Timestamp>,
    /// Bytes written since the last entry.
    pub(crate) unindexed: u64,
}

impl Indexes {
    /// Takes note of the batch at `position`, the next one.
    pub(crate) fn note(
        &mut self,
        base: Offset,
        header: &BatchHeader,
        position: u64,
        interval: u64,
    ) {
        self.first_timestamp.get_or_insert(header.max_timestamp);
        if self
            .max_timestamp
            .is_none_or(|(largest, _)| header.max_timestamp > largest)
        {
            self.max_timestamp = Some((header.max_timestamp, header.last_offset()));
        }
        if self.unindexed > interval {
            self.offsets.push(base, header.last_offset(), position);
            self.close_times(base);
            self.unindexed = 0;
        }
        self.unindexed += header.size as u64;
    }

    /// Adds the largest timestamp to the time index, as is due with each offset entry and at the end.
    pub(crate) fn close_times(&mut self, base: Offset) {
        if let Some((timestamp, offset)) = self.max_timestamp {
            self.times.push(base, timestamp, offset);
        }
    }
}

/// A part of the log: one `.log` file with its indexes, named by the offset it begins at.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    pub(crate) base: Offset,
    pub(crate) file: Arc<F>,
    size: AtomicU64,
    pub(crate) indexes: RwLock<Indexes>,
}

impl<F: DiskFile> Segment<F> {
    /// Opens the `.log` file; the indexes are the caller's to set.
    pub(crate) fn open<D: Disk<File = F>>(
        disk: &D,
        directory: &Path,
        base: Offset,
        mode: OpenMode,
    ) -> io::Result<Self> {
        let file = disk.open(&path(directory, base, "log"), mode)?;
        let size = file.length()?;
        Ok(Self {
            base,
            file: Arc::new(file),
            size: AtomicU64::new(size),
            indexes: RwLock::default(),
        })
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(crate) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// The header of the batch at `position`; `None` at the end.
    ///
    /// # Errors
    /// `InvalidData` when it is none.
    pub(crate) fn header_at(&self, position: u64) -> io::Result<Option<BatchHeader>> {
        if position >= self.size() {
            return Ok(None);
        }
        let invalid = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
        let mut bytes = [0; BATCH_OVERHEAD];
        let read = self.file.read_at(&mut bytes, position)?;
        let header =
            BatchHeader::parse(&bytes[..read]).map_err(|error| invalid(error.to_string()))?;
        if !self.may_hold(&header) {
            return Err(invalid(format!(
                "offset {} with {} behind it in the segment of {}",
                header.base_offset, header.last_offset_delta, self.base
            )));
        }
        Ok(Some(header))
    }

    /// Whether a batch of such offsets can have been appended here. The checksum does not cover its base offset.
    fn may_hold(&self, header: &BatchHeader) -> bool {
        let first = header.base_offset.0.checked_sub(self.base.0);
        let last = first.and_then(|first| first.checked_add(i64::from(header.last_offset_delta)));
        header.last_offset_delta >= 0
            && first.is_some_and(|first| first >= 0)
            && last.is_some_and(|last| last <= MAX_RELATIVE_OFFSET)
    }

    /// The whole batch at `position`.
    pub(crate) fn read_batch(&self, position: u64, header: &BatchHeader) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; header.size];
        let read = self.file.read_at(&mut bytes, position)?;
        if read < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    /// The first batch that ends at or behind `offset`.
    pub(crate) fn batch_of(&self, offset: Offset) -> io::Result<Option<(u64, BatchHeader)>> {
        let from = self.before(offset)?;
        self.find(from, |header| header.last_offset() >= offset)
    }

    /// A batch at or before the one that holds `offset`, by the index; the first where that does not tell.
    pub(crate) fn before(&self, offset: Offset) -> io::Result<Option<(u64, BatchHeader)>> {
        let entry = self.indexes.read().offsets.below(self.base, offset);
        if let Some((last, position)) = entry {
            match self.header_at(position) {
                Ok(Some(header)) if header.base_offset <= last => {
                    return Ok(Some((position, header)));
                }
                Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
                // Not all entries were checked when they were read, and a disk may have damaged one.
                Ok(_) | Err(_) => {}
            }
        }
        self.first()
    }

    fn first(&self) -> io::Result<Option<(u64, BatchHeader)>> {
        Ok(self.header_at(0)?.map(|header| (0, header)))
    }

    /// The batch behind another.
    pub(crate) fn behind(
        &self,
        (position, header): (u64, BatchHeader),
    ) -> io::Result<Option<(u64, BatchHeader)>> {
        let behind = position + header.size as u64;
        Ok(self.header_at(behind)?.map(|header| (behind, header)))
    }

    /// No batch before this one has a record at or behind `start` that is as new as `timestamp`.
    pub(crate) fn before_time(
        &self,
        timestamp: Timestamp,
        start: Offset,
    ) -> io::Result<Option<(u64, BatchHeader)>> {
        let entry = self.indexes.read().times.below(self.base, timestamp);
        let from = match entry {
            Some(entry) if self.is_dated(entry)? => entry.1.max(start),
            Some(_) | None => start,
        };
        self.before(from)
    }

    /// Whether an entry of the time index is what the batch says that it is about.
    pub(crate) fn is_dated(&self, (timestamp, offset): (Timestamp, Offset)) -> io::Result<bool> {
        let batch = self.batch_of(offset)?;
        Ok(batch.is_some_and(|(_, header)| {
            header.base_offset <= offset && header.max_timestamp == timestamp
        }))
    }

    /// The first batch from `from` on that is wanted.
    pub(crate) fn find(
        &self,
        from: Option<(u64, BatchHeader)>,
        wanted: impl Fn(&BatchHeader) -> bool,
    ) -> io::Result<Option<(u64, BatchHeader)>> {
        let mut next = from;
        while let Some((position, header)) = next {
            if wanted(&header) {
                return Ok(Some((position, header)));
            }
            next = self.behind((position, header))?;
        }
        Ok(None)
    }

    /// Writes the index files. A crash may lose or tear them: they are made anew from the log.
    pub(crate) fn write_indexes<D: Disk<File = F>>(
        &self,
        disk: &D,
        directory: &Path,
    ) -> io::Result<()> {
        let (offsets, times) = {
            let mut indexes = self.indexes.write();
            indexes.close_times(self.base);
            (indexes.offsets.to_bytes(), indexes.times.to_bytes())
        };
        for (extension, bytes) in [("index", offsets), ("timeindex", times)] {
            let file = disk.open(&path(directory, self.base, extension), OpenMode::Truncate)?;
            file.write_at(&mut [IoSlice::new(&bytes)], 0)?;
            file.sync()?;
        }
        Ok(())
    }
}
