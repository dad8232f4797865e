use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_model::{Offset, Timestamp};
use ottla_wire::records::{BATCH_OVERHEAD, BatchHeader};
use parking_lot::RwLock;

use crate::handle::{Handle, Home};
use crate::indexes::{Entries, Indexes};

/// The last offset a segment may have, counted from its base: what an index entry can say.
pub(crate) const MAX_RELATIVE_OFFSET: i64 = i32::MAX as i64;

/// The most that is reserved ahead of a write, in bytes: of a segment never more than a quarter of what it has.
const MAX_RESERVED: u64 = 4 << 20;
/// Less is not worth a call.
const MIN_RESERVED: u64 = 64 << 10;

/// A file of the segment that begins at `base`.
pub(crate) fn path(directory: &Path, base: Offset, extension: &str) -> PathBuf {
    directory.join(format!("{:020}.{extension}", base.0))
}

/// When what is written is brought to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Durability {
    /// By whoever syncs the file system.
    Later,
    Now,
}

/// A part of the log: one `.log` file with its indexes, named by the offset it begins at.
#[derive(Debug)]
pub(crate) struct Segment<D: Disk> {
    pub(crate) base: Offset,
    handle: Arc<Handle<D>>,
    size: AtomicU64,
    /// Up to where there is room on the disk that was taken before it is needed; 0 where none was.
    reserved: AtomicU64,
    pub(crate) indexes: RwLock<Indexes>,
    /// Its files are gone, or about to be.
    is_removed: AtomicBool,
}

impl<D: Disk> Segment<D> {
    /// A new one, empty.
    pub(crate) fn create(home: &Arc<Home<D>>, base: Offset) -> io::Result<Self> {
        home.disk
            .open(&path(&home.directory, base, "log"), OpenMode::Create)?;
        Ok(Self::new(home, base))
    }

    /// One that is there; the indexes are the caller's to set.
    pub(crate) fn open(home: &Arc<Home<D>>, base: Offset) -> io::Result<Self> {
        let segment = Self::new(home, base);
        segment.set_size(segment.file()?.length()?);
        Ok(segment)
    }

    fn new(home: &Arc<Home<D>>, base: Offset) -> Self {
        Self {
            base,
            handle: Handle::new(Arc::clone(home), base),
            size: AtomicU64::new(0),
            reserved: AtomicU64::new(0),
            indexes: RwLock::default(),
            is_removed: AtomicBool::new(false),
        }
    }

    /// The `.log` file. Opened if nobody has used it for a while.
    pub(crate) fn file(&self) -> io::Result<Arc<D::File>> {
        self.handle.file()
    }

    /// Gives the descriptor back, and of the index what the files have; what was [reserved](Self::release) first. The owner's to ask for.
    pub(crate) fn give_back(&self) {
        self.handle.give_back();
        self.indexes.write().give_back();
    }

    /// Brings the `.log` file to the disk, unless it was removed.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self.file().and_then(|file| file.sync()) {
            Err(_) if self.is_removed.load(Ordering::Acquire) => Ok(()),
            outcome => outcome,
        }
    }

    /// The owner is about to remove the files. Readers that have one open keep it.
    pub(crate) fn removing(&self) {
        self.is_removed.store(true, Ordering::Release);
        self.handle.give_back();
    }

    pub(crate) fn is_given_back(&self) -> bool {
        !self.handle.is_open()
            && self.indexes.read().entries().is_none()
            && self.reserved.load(Ordering::Relaxed) == 0
    }

    /// Whether somebody has read or written here since the owner asked last.
    pub(crate) fn was_used(&self) -> bool {
        self.handle.was_used()
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(crate) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// What `ask` makes of the entries of the index files.
    fn entries<T>(&self, ask: impl Fn(&Entries) -> T) -> io::Result<T> {
        if let Some(entries) = self.indexes.read().entries() {
            return Ok(ask(entries));
        }
        let home = self.handle.home();
        let mut indexes = self.indexes.write();
        let entries = indexes.entries_of(&home.disk, &home.directory, self.base, self.size())?;
        Ok(ask(entries))
    }

    /// Has the index entries in memory, where batches can be added to them.
    pub(crate) fn read_indexes(&self) -> io::Result<()> {
        self.entries(|_| ())
    }

    /// Writes batches, whose bytes are in `slices`, behind the last one. The [index entries](Self::read_indexes) are in memory.
    pub(crate) fn append<'a>(
        &self,
        slices: &mut [IoSlice<'_>],
        batches: impl Iterator<Item = &'a BatchHeader>,
        interval: u64,
    ) -> io::Result<()> {
        let mut position = self.size();
        let file = self.file()?;
        let length = slices.iter().map(|slice| slice.len() as u64).sum();
        self.reserve(&file, position, length);
        file.write_at(slices, position)?;
        let mut indexes = self.indexes.write();
        for header in batches {
            indexes.note(self.base, header, position, interval);
            position += header.size as u64;
        }
        drop(indexes);
        self.set_size(position);
        Ok(())
    }

    /// Takes room ahead of a write where there is none left. A file system that has to find room for each write apart takes longer for that
    /// than for the bytes: ext4 three times as long for large writes.
    fn reserve(&self, file: &D::File, position: u64, length: u64) {
        let end = position + length;
        if end <= self.reserved.load(Ordering::Relaxed) {
            return;
        }
        let ahead = (end / 4).min(MAX_RESERVED);
        if ahead >= MIN_RESERVED {
            file.reserve(position, length + ahead);
            self.reserved.store(end + ahead, Ordering::Relaxed);
        }
    }

    /// Gives back the room that was taken and is not needed. The owner's to ask for.
    pub(crate) fn release(&self) -> io::Result<()> {
        if self.reserved.swap(0, Ordering::Relaxed) > 0 {
            self.file()?.release()?;
        }
        Ok(())
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
        let read = self.file()?.read_at(&mut bytes, position)?;
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
        let read = self.file()?.read_at(&mut bytes, position)?;
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
        let entry = self.entries(|entries| entries.offsets.below(self.base, offset))?;
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
        let entry = self.entries(|entries| entries.times.below(self.base, timestamp))?;
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

    pub(crate) fn has_saved_indexes(&self) -> bool {
        self.indexes.read().are_saved(Durability::Later)
    }

    /// Writes the index files, where they are not what is in memory. A crash may lose or tear them: they are made anew from the log.
    pub(crate) fn save_indexes(&self, durability: Durability) -> io::Result<()> {
        let home = self.handle.home();
        let unsaved = {
            let mut indexes = self.indexes.write();
            if indexes.are_saved(durability) {
                return Ok(());
            }
            indexes.entries_of(&home.disk, &home.directory, self.base, self.size())?;
            indexes.close(self.base)
        };
        for (extension, bytes) in unsaved {
            let path = path(&home.directory, self.base, extension);
            write_file(&home.disk, &path, &bytes, durability)?;
        }
        // Nothing was added meanwhile: only the owner, who is here, does.
        self.indexes.write().saved(durability);
        Ok(())
    }
}

/// Writes a file that nobody relies on until it is synced. What is in its place is written over and not cut to nothing before: ext4
/// brings a file that was to the disk as soon as it is closed, and ten thousand of them one by one.
pub(crate) fn write_file<D: Disk>(
    disk: &D,
    path: &Path,
    bytes: &[u8],
    durability: Durability,
) -> io::Result<()> {
    let file = disk.open(path, OpenMode::Create)?;
    file.write_at(&mut [IoSlice::new(bytes)], 0)?;
    let length = bytes.len() as u64;
    if file.length()? > length {
        file.set_length(length)?;
    }
    if durability == Durability::Now {
        file.sync()?;
    }
    Ok(())
}
