//! Reads the metadata log and its snapshots for other replicas, while the quorum's lane writes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ottla_env::{Disk, DiskFile, Env, FilePiece, OpenMode};
use ottla_log::{LogReader, LogSlice, ReadError};
use ottla_model::Offset;
use ottla_raft::checkpoint::SnapshotId;

use crate::FileOf;

pub(crate) struct MetadataReader<E: Env> {
    disk: E::Disk,
    directory: PathBuf,
    log: LogReader<E::Disk>,
}

/// A snapshot's file, which is never written again.
pub(crate) struct SnapshotFile<F> {
    file: Arc<F>,
    /// Bytes.
    pub(crate) size: u64,
}

impl<F> SnapshotFile<F> {
    /// At most `max_bytes` from `position` on. `None` outside of the file.
    pub(crate) fn slice(&self, position: i64, max_bytes: u64) -> Option<FilePiece<F>> {
        let position = u64::try_from(position).ok()?;
        let left = self.size.checked_sub(position).filter(|left| *left > 0)?;
        Some(FilePiece {
            file: Arc::clone(&self.file),
            position,
            length: left.min(max_bytes),
        })
    }
}

impl<E: Env> MetadataReader<E> {
    pub(super) fn new(disk: E::Disk, directory: PathBuf, log: LogReader<E::Disk>) -> Self {
        Self {
            disk,
            directory,
            log,
        }
    }

    pub(crate) fn log_start(&self) -> Offset {
        self.log.log_start()
    }

    /// Batches from the one with `from` on, below `up_to`: at most `max_bytes`, but always one, or its reader would never get past
    /// it.
    ///
    /// # Errors
    /// When `from` lies outside the log, or the disk fails.
    pub(crate) fn read(
        &self,
        from: Offset,
        max_bytes: u64,
        up_to: Offset,
    ) -> Result<LogSlice<FileOf<E>>, ReadError> {
        self.log.read(from, max_bytes, up_to, true)
    }

    /// `None` where there is no such snapshot.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn snapshot(&self, id: SnapshotId) -> io::Result<Option<SnapshotFile<FileOf<E>>>> {
        let path = self.directory.join(id.file_name());
        let file = match self.disk.open(&path, OpenMode::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = file.length()?;
        Ok(Some(SnapshotFile {
            file: Arc::new(file),
            size,
        }))
    }
}
