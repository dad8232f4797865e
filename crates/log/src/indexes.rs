//! What is known of a segment's batches without reading them.

use std::io;
use std::path::Path;

use ottla_env::Disk;
use ottla_model::{Offset, Timestamp};
use ottla_wire::records::BatchHeader;

use crate::offset_index::OffsetIndex;
use crate::recovery::read_file;
use crate::segment::{Durability, path};
use crate::time_index::TimeIndex;

/// Of one segment. The owner adds to it, anyone looks up.
#[derive(Debug)]
pub(crate) struct Indexes {
    /// `None` where nobody needs them: then the files have them.
    entries: Option<Entries>,
    /// How the files have what is in memory; `None` where they do not.
    saved: Option<Durability>,
    /// The largest timestamp and the last offset of the batch that carries it.
    pub(crate) max_timestamp: Option<(Timestamp, Offset)>,
    /// Of the first batch.
    pub(crate) first_timestamp: Option<Timestamp>,
    /// Bytes written since the last entry.
    unindexed: u64,
}

/// What the index files hold.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
}

impl Entries {
    /// `None` where a file is missing or cannot be trusted.
    pub(crate) fn read<D: Disk>(
        disk: &D,
        directory: &Path,
        base: Offset,
        segment_bytes: u64,
    ) -> io::Result<Option<Self>> {
        let read = |extension| read_file(disk, &path(directory, base, extension));
        let (Some(offsets), Some(times)) = (read("index")?, read("timeindex")?) else {
            return Ok(None);
        };
        let parsed = (
            OffsetIndex::parse(&offsets, segment_bytes),
            TimeIndex::parse(&times),
        );
        Ok(match parsed {
            (Ok(offsets), Ok(times)) => Some(Self { offsets, times }),
            _ => None,
        })
    }
}

impl Default for Indexes {
    /// Of an empty segment that has no index files.
    fn default() -> Self {
        Self {
            entries: Some(Entries::default()),
            saved: None,
            max_timestamp: None,
            first_timestamp: None,
            unindexed: 0,
        }
    }
}

impl Indexes {
    /// As they were read from the files, with the timestamp of the first batch.
    pub(crate) fn found(
        base: Offset,
        entries: Entries,
        first_timestamp: Option<Timestamp>,
    ) -> Self {
        Self {
            max_timestamp: entries.times.last(base),
            entries: Some(entries),
            saved: Some(Durability::Now),
            first_timestamp,
            unindexed: 0,
        }
    }

    /// The entries, if they are in memory.
    pub(crate) fn entries(&self) -> Option<&Entries> {
        self.entries.as_ref()
    }

    /// The entries, read from the files where they are not in memory.
    pub(crate) fn entries_of<D: Disk>(
        &mut self,
        disk: &D,
        directory: &Path,
        base: Offset,
        segment_bytes: u64,
    ) -> io::Result<&mut Entries> {
        if self.entries.is_none() {
            let found = Entries::read(disk, directory, base, segment_bytes)?;
            if found.is_none() {
                let segment = path(directory, base, "log");
                tracing::warn!(segment = %segment.display(), "its indexes were damaged while it was in use: what is looked for in it takes longer");
            }
            self.entries = Some(found.unwrap_or_default());
        }
        Ok(self.entries.as_mut().expect("they have just been read"))
    }

    /// Takes note of the batch at `position`, the next one.
    ///
    /// # Panics
    /// When the entries are not in memory.
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
            self.saved = None;
        }
        if self.unindexed > interval {
            let entries = self.in_memory();
            entries.offsets.push(base, header.last_offset(), position);
            self.close_times(base);
            self.saved = None;
            self.unindexed = 0;
        }
        self.unindexed += header.size as u64;
    }

    /// Adds the largest timestamp to the time index, as is due with each offset entry and at the end.
    pub(crate) fn close_times(&mut self, base: Offset) {
        if let Some((timestamp, offset)) = self.max_timestamp {
            self.in_memory().times.push(base, timestamp, offset);
        }
    }

    fn in_memory(&mut self) -> &mut Entries {
        self.entries
            .as_mut()
            .expect("whoever adds to the entries has them read first")
    }

    /// Whether one of the files may not take another entry.
    pub(crate) fn are_full(&self, bytes: usize) -> bool {
        let is_full =
            |entries: &Entries| entries.offsets.is_full(bytes) || entries.times.is_full(bytes);
        self.entries.as_ref().is_some_and(is_full)
    }

    /// Whether the files have all that is in memory, and are as durable as is asked.
    pub(crate) fn are_saved(&self, durability: Durability) -> bool {
        self.saved.is_some_and(|saved| saved >= durability)
    }

    /// Ends the time index with the newest, and gives the contents of the files by their extensions.
    pub(crate) fn close(&mut self, base: Offset) -> [(&'static str, Vec<u8>); 2] {
        self.close_times(base);
        let entries = self.in_memory();
        [
            ("index", entries.offsets.to_bytes()),
            ("timeindex", entries.times.to_bytes()),
        ]
    }

    /// The files are what is in memory.
    pub(crate) fn saved(&mut self, durability: Durability) {
        self.saved = Some(durability);
    }

    /// Forgets what the files have.
    pub(crate) fn give_back(&mut self) {
        if self.saved.is_some() {
            self.entries = None;
        }
    }
}
