//! Snapshots of the metadata on the disk: written beside the quorum's lane, found at the start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_log::dir::replace_file;
use ottla_metadata::Image;
use ottla_model::Timestamp;
use ottla_raft::Snapshot;
use ottla_raft::checkpoint::{self, SnapshotId};
use ottla_wire::control_record::ControlRecord;
use ottla_wire::records::Batches;

/// Holds the header batch of any snapshot. Bytes.
const HEAD: usize = 64 << 10;

/// Writes one snapshot.
pub(super) struct SnapshotJob<D: Disk> {
    pub(super) disk: D,
    pub(super) directory: PathBuf,
    pub(super) id: SnapshotId,
    /// Of the last record that the snapshot contains.
    pub(super) last_append: Timestamp,
    /// The quorum's own records.
    pub(super) membership: Vec<ControlRecord<'static>>,
    pub(super) image: Arc<Image>,
}

impl<D: Disk> SnapshotJob<D> {
    /// # Errors
    /// The disk's. What is left of the file then is removed at the next start.
    pub(super) fn run(self) -> io::Result<Snapshot> {
        let version = self.image.features().metadata_version();
        let values: Vec<_> = self
            .image
            .records()
            .iter()
            .map(|record| record.encode(version.record_version(record)))
            .collect();
        let file = checkpoint::build(self.id, self.last_append, &self.membership, &values);
        replace_file(&self.disk, &self.directory, &self.id.file_name(), &file)?;
        Ok(Snapshot {
            id: self.id,
            size: file.len() as u64,
            timestamp: self.last_append,
        })
    }
}

/// The snapshots that are there, ascending. What is left of ones that were being written or removed goes.
pub(super) fn find_snapshots<D: Disk>(disk: &D, directory: &Path) -> io::Result<Vec<Snapshot>> {
    let entries = match disk.list(directory) {
        // Where no voters were named, formatting leaves the directory to whoever opens the log.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        if let Some(id) = SnapshotId::parse(&entry.name) {
            let file = disk.open(&directory.join(&entry.name), OpenMode::Read)?;
            found.push(Snapshot {
                id,
                size: file.length()?,
                timestamp: last_contained(&file)?,
            });
        } else if is_left_over(&entry.name) {
            disk.remove_file(&directory.join(&entry.name))?;
        }
    }
    found.sort_unstable_by_key(|snapshot| snapshot.id);
    Ok(found)
}

/// By the endings of this node and of Apache's.
fn is_left_over(name: &str) -> bool {
    [".tmp", ".part", ".deleted"]
        .iter()
        .filter_map(|ending| name.strip_suffix(ending))
        .any(|name| SnapshotId::parse(name).is_some())
}

/// As the header tells. A file whose header cannot be read counts as old as its last change, for it is only the newest that is read,
/// and an older one will go.
fn last_contained<F: DiskFile>(file: &F) -> io::Result<Timestamp> {
    let mut head = vec![0; HEAD];
    let read = file.read_at(&mut head, 0)?;
    match header_of(&head[..read]) {
        Some(ControlRecord::SnapshotHeader(header)) => Ok(header.last_contained_log_timestamp),
        _ => file.modified(),
    }
}

fn header_of(head: &[u8]) -> Option<ControlRecord<'_>> {
    let batch = Batches::new(head).next()?.ok()?;
    let bytes = batch.uncompressed(HEAD).ok()?;
    let record = batch.records(&bytes).next()?.ok()?;
    let header = ControlRecord::decode(record.key?, record.value?).ok()??;
    Some(header.into_owned())
}
