//! What the metadata's directory holds when the node starts: a snapshot, the log behind it, and the files beside them. Damage is repaired
//! from what is left where nothing can be lost by it, and named otherwise.

use std::io;
use std::path::{Path, PathBuf};

use ottla_env::{Disk, DiskFile};
use ottla_log::Log;
use ottla_log::dir::{CLEAN_SHUTDOWN, LogDirectory, read_file};
use ottla_metadata::Image;
use ottla_model::{BrokerEpoch, LeaderEpoch, Offset};
use ottla_raft::checkpoint::SnapshotId;
use ottla_raft::{QuorumState, Snapshot, Voter, quorum_state};
use ottla_wire::control_record::ControlRecord;
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::records::{Batch, Batches};

use super::metadata_log::{BOOTSTRAP, METADATA_LOG, MetadataLogError};

/// What is read of the log at once. Bytes.
const READ_BYTES: u64 = 8 << 20;
/// The most a batch of metadata may come to: any that a batch can. Whatever is in the log is the node's own, or another broker's that
/// had the directory before. Bytes.
const MAX_UNCOMPRESSED: usize = i32::MAX as usize;

/// What was found.
pub(crate) struct Found {
    /// What the cluster was formatted with.
    pub(crate) bootstrap: Option<Vec<MetadataRecord<'static>>>,
    pub(crate) image: Option<Image>,
    /// What follows the image, with offsets.
    pub(crate) records: Vec<(Offset, MetadataRecord<'static>)>,
    pub(crate) kraft_version: i16,
    /// Of the newest voters record; empty where the quorum is static.
    pub(crate) voters: Vec<Voter>,
    /// `None` where the file cannot be understood.
    pub(crate) stored: Option<QuorumState>,
    pub(crate) log_epoch: LeaderEpoch,
    pub(crate) log_end: Offset,
}

impl Found {
    fn nothing() -> Self {
        Self {
            bootstrap: None,
            image: None,
            records: Vec::new(),
            kraft_version: 0,
            voters: Vec::new(),
            stored: None,
            log_epoch: LeaderEpoch::NONE,
            log_end: Offset::ZERO,
        }
    }

    /// Whether the records that the cluster was formatted with are in the log or a snapshot.
    pub(super) fn has_begun(&self) -> bool {
        self.image.is_some() || !self.records.is_empty()
    }
}

/// What is known to have been on disk of a log, however it is found.
pub(super) struct OnDisk {
    /// All that lies below was, wherever the log is found to end.
    pub(super) whole_up_to: Offset,
    /// The log went on up to here, as the file tells.
    pub(super) at_least: Offset,
    pub(super) told_by: PathBuf,
}

impl OnDisk {
    pub(super) fn of<D: Disk>(
        disk: &D,
        directory: &LogDirectory<D>,
        snapshots: &[Snapshot],
    ) -> io::Result<Self> {
        let metadata = directory.path().join(METADATA_LOG);
        // What is in a snapshot was committed.
        let (in_snapshot, snapshot) = match snapshots.last() {
            Some(newest) => (newest.id.end_offset, metadata.join(newest.id.file_name())),
            None => (Offset::ZERO, metadata.clone()),
        };
        let mut found = Self {
            whole_up_to: in_snapshot,
            at_least: in_snapshot,
            told_by: snapshot,
        };
        if let Some(BrokerEpoch(registered)) = directory.clean_shutdown()? {
            found.whole_up_to = Offset::MAX;
            // The epoch of a broker is the offset at which it was registered.
            let end = Offset(registered.saturating_add(1));
            if end > found.at_least {
                found.at_least = end;
                found.told_by = directory.path().join(CLEAN_SHUTDOWN);
            }
        }
        if let Some((end, marker)) = newest_marker(disk, &metadata)?
            && end > found.at_least
        {
            found.at_least = end;
            found.told_by = marker;
        }
        Ok(found)
    }
}

/// The last snapshot of producers, which is written where a segment ends and where the log was [closed](Log::mark_end).
fn newest_marker<D: Disk>(disk: &D, metadata: &Path) -> io::Result<Option<(Offset, PathBuf)>> {
    let entries = match disk.list(metadata) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let markers = entries.into_iter().filter_map(|entry| {
        let offset = entry.name.strip_suffix(".snapshot")?.parse().ok()?;
        Some((Offset(offset), metadata.join(entry.name)))
    });
    Ok(markers.max())
}

/// Makes the image of the newest snapshot that is whole, or none where the log has all from its beginning. Gives those that are damaged,
/// and how.
pub(super) fn restore_newest<D: Disk>(
    disk: &D,
    directory: &Path,
    log_start: Offset,
    kept: &mut Vec<Snapshot>,
) -> Result<(Found, Vec<(SnapshotId, String)>), MetadataLogError> {
    let mut damaged = Vec::new();
    while let Some(newest) = kept.last() {
        let id = newest.id;
        let (path, problem) = match restore(disk, directory, id) {
            Ok(found) => return Ok((found, damaged)),
            Err(MetadataLogError::Invalid { path, problem }) => (path, problem),
            Err(error) => return Err(error),
        };
        let older = kept.len().checked_sub(2).map(|at| kept[at].id.end_offset);
        if log_start > older.unwrap_or(Offset::ZERO) {
            return Err(MetadataLogError::Invalid { path, problem });
        }
        damaged.push((id, problem));
        kept.pop();
    }
    Ok((Found::nothing(), damaged))
}

fn restore<D: Disk>(disk: &D, directory: &Path, id: SnapshotId) -> Result<Found, MetadataLogError> {
    let path = directory.join(id.file_name());
    let bytes = read_file(disk, &path)
        .and_then(|bytes| bytes.ok_or_else(|| io::ErrorKind::NotFound.into()))
        .map_err(|error| MetadataLogError::Io {
            path: path.clone(),
            error,
        })?;
    let mut found = Found::nothing();
    let records = read_snapshot(&bytes, &path, &mut found)?;
    if id == SnapshotId::BOOTSTRAP {
        return Ok(found);
    }
    let image = Image::restore(records, id.end_offset - 1);
    found.image = Some(image.map_err(|error| MetadataLogError::Invalid {
        path,
        problem: error.to_string(),
    })?);
    found.log_epoch = id.epoch;
    Ok(found)
}

/// What the cluster was formatted with. Nobody needs it any more once the log has begun with it.
pub(super) fn read_bootstrap<D: Disk>(
    disk: &D,
    directory: &Path,
    has_begun: bool,
) -> Result<Option<Vec<MetadataRecord<'static>>>, MetadataLogError> {
    let path = directory.join(BOOTSTRAP);
    let bytes = read_file(disk, &path).map_err(|error| MetadataLogError::Io {
        path: path.clone(),
        error,
    })?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    match read_snapshot(&bytes, &path, &mut Found::nothing()) {
        Ok(records) => Ok(Some(records)),
        Err(MetadataLogError::Invalid { path, problem }) if has_begun => {
            tracing::warn!(file = %path.display(), problem, "damaged, and not needed: the cluster has begun");
            Ok(None)
        }
        Err(MetadataLogError::Invalid { path, problem }) => {
            Err(MetadataLogError::Bootstrap { path, problem })
        }
        Err(other) => Err(other),
    }
}

pub(super) fn read_quorum_state<D: Disk>(
    disk: &D,
    directory: &Path,
) -> Result<Option<QuorumState>, MetadataLogError> {
    let path = directory.join(quorum_state::FILE);
    let bytes = read_file(disk, &path).map_err(|error| MetadataLogError::Io {
        path: path.clone(),
        error,
    })?;
    let Some(bytes) = bytes else {
        return Ok(Some(QuorumState::NEW));
    };
    let parsed = quorum_state::parse(&String::from_utf8_lossy(&bytes));
    Ok(parsed
        .inspect_err(|error| {
            tracing::warn!(file = %path.display(), %error, "damaged, and written anew");
        })
        .ok())
}

/// The metadata records of a file in the form of a snapshot. One that was cut between two batches shows it by the footer that it
/// lacks: taken for whole, it would be a cluster without its topics.
fn read_snapshot(
    bytes: &[u8],
    path: &Path,
    found: &mut Found,
) -> Result<Vec<MetadataRecord<'static>>, MetadataLogError> {
    let invalid = |problem: String| MetadataLogError::Invalid {
        path: path.to_path_buf(),
        problem,
    };
    let mut records = Vec::new();
    let mut begins_with_header = None;
    let mut ends_with_footer = false;
    for batch in Batches::new(bytes) {
        let batch = batch.map_err(|error| invalid(error.to_string()))?;
        take(&batch, path, found, |_, entry| {
            begins_with_header.get_or_insert(matches!(entry, Entry::SnapshotHeader));
            ends_with_footer = matches!(entry, Entry::SnapshotFooter);
            if let Entry::Metadata(record) = entry {
                records.push(record);
            }
        })?;
    }
    if begins_with_header == Some(true) && ends_with_footer {
        Ok(records)
    } else {
        Err(invalid(
            "expected a snapshot's header first and its footer last: the file is not whole"
                .to_owned(),
        ))
    }
}

/// Gives the size of what follows the snapshot. Bytes.
pub(super) fn read_log<D: Disk>(
    log: &Log<D>,
    path: &Path,
    found: &mut Found,
) -> Result<u64, MetadataLogError> {
    let invalid = |problem: String| MetadataLogError::Invalid {
        path: path.to_path_buf(),
        problem,
    };
    let fails = |error| MetadataLogError::Io {
        path: path.to_path_buf(),
        error,
    };
    let reader = log.reader();
    let in_snapshot = found.image.as_ref().map_or(Offset::UNKNOWN, Image::offset);
    let log_start = reader.log_start();
    if log_start > in_snapshot.next() {
        return Err(invalid(format!(
            "begins at offset {log_start}, and what is before is in no snapshot beyond offset {in_snapshot}"
        )));
    }
    let (mut next, mut behind) = (in_snapshot.next(), 0);
    while next < log.end() {
        let asked = next;
        let slice = reader
            .read(next, READ_BYTES, log.end(), true)
            .map_err(|error| invalid(error.to_string()))?;
        for piece in slice.pieces {
            let mut bytes = vec![0; usize::try_from(piece.length).expect("a read is bounded")];
            piece
                .file
                .read_at(&mut bytes, piece.position)
                .map_err(fails)?;
            // A limit may have cut the last batch: it is read again.
            for batch in Batches::new(&bytes).map_while(Result::ok) {
                if batch.header.base_offset > next {
                    let base = batch.header.base_offset;
                    return Err(invalid(format!(
                        "offset {base} follows where {next} is expected"
                    )));
                }
                next = batch.header.next_offset();
                found.log_epoch = batch.header.leader_epoch;
                if batch.header.last_offset() > in_snapshot {
                    behind += batch.bytes.len() as u64;
                }
                let mut records = Vec::new();
                take(&batch, path, found, |offset, entry| {
                    if let Entry::Metadata(record) = entry {
                        records.push((offset, record));
                    }
                })?;
                found.records.extend(
                    records
                        .into_iter()
                        .filter(|(offset, _)| *offset > in_snapshot),
                );
            }
        }
        if next == asked {
            return Err(invalid(format!("no batch can be read at offset {next}")));
        }
    }
    Ok(behind)
}

/// What a record is, as far as it matters to its reader.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and nearly all are metadata"
)]
enum Entry {
    Metadata(MetadataRecord<'static>),
    SnapshotHeader,
    SnapshotFooter,
    /// The quorum's own, which `take` takes note of, or one that means nothing here.
    Other,
}

/// The records of a batch, all of them given on.
fn take(
    batch: &Batch<'_>,
    path: &Path,
    found: &mut Found,
    mut give: impl FnMut(Offset, Entry),
) -> Result<(), MetadataLogError> {
    let invalid = |problem: String| MetadataLogError::Invalid {
        path: path.to_path_buf(),
        problem,
    };
    batch.check().map_err(|error| {
        let base = batch.header.base_offset;
        invalid(format!("the batch at offset {base}: {error}"))
    })?;
    let bytes = batch
        .uncompressed(MAX_UNCOMPRESSED)
        .map_err(|error| invalid(error.to_string()))?;
    for record in batch.records(&bytes) {
        let record = record.map_err(|error| invalid(error.to_string()))?;
        let (key, value) = (
            record.key.unwrap_or_default(),
            record.value.unwrap_or_default(),
        );
        if !batch.header.attributes.is_control() {
            let decoded = MetadataRecord::decode(value).map_err(|error| {
                invalid(format!("the record at offset {}: {error}", record.offset))
            })?;
            give(record.offset, Entry::Metadata(decoded.into_owned()));
            continue;
        }
        let control =
            ControlRecord::decode(key, value).map_err(|error| invalid(error.to_string()))?;
        let entry = match control {
            Some(ControlRecord::SnapshotHeader(_)) => Entry::SnapshotHeader,
            Some(ControlRecord::SnapshotFooter(_)) => Entry::SnapshotFooter,
            Some(ControlRecord::KRaftVersion(record)) => {
                found.kraft_version = record.kraft_version;
                Entry::Other
            }
            Some(ControlRecord::KRaftVoters(record)) => {
                found.voters = record.voters.into_iter().map(Voter::from_record).collect();
                Entry::Other
            }
            _ => Entry::Other,
        };
        give(record.offset, entry);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use ottla_env::fake::{ManualClock, SeededDisk};
    use ottla_log::dir::replace_file;
    use ottla_metadata::features::{self, MetadataVersion};
    use ottla_model::Timestamp;
    use ottla_raft::{SnapshotOptions, checkpoint};
    use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

    use super::super::metadata_log::{MetadataLogOptions, log_options};
    use super::*;

    const DIRECTORY: &str = "/data/__cluster_metadata-0";
    const NOW: Timestamp = Timestamp(5);
    const ID: SnapshotId = SnapshotId {
        end_offset: Offset(3),
        epoch: LeaderEpoch(1),
    };

    /// As many records as a new cluster begins with.
    fn snapshot() -> Bytes {
        let records = features::bootstrap(MetadataVersion::LATEST);
        let values: Vec<_> = records.iter().map(|record| record.encode(0)).collect();
        checkpoint::build(ID, NOW, &[], &values)
    }

    fn restored(file: Option<&[u8]>) -> Result<Found, MetadataLogError> {
        let disk = SeededDisk::new(ManualClock::new(NOW));
        let directory = Path::new(DIRECTORY);
        disk.create_directories(directory).unwrap();
        if let Some(bytes) = file {
            replace_file(&disk, directory, &ID.file_name(), bytes).unwrap();
        }
        restore(&disk, directory, ID)
    }

    #[test]
    fn a_snapshot_that_is_whole_is_the_cluster() {
        let image = restored(Some(&snapshot())).unwrap().image.unwrap();
        assert_eq!(image.offset(), Offset(2));
        let version = image.features().metadata_version();
        assert_eq!(version, MetadataVersion::LATEST);
    }

    #[test]
    fn a_snapshot_that_was_cut_is_refused_wherever_that_was() {
        let whole = snapshot();
        let batches: Vec<_> = Batches::new(&whole).map(Result::unwrap).collect();
        assert_eq!(batches.len(), 3);
        let without_footer = whole.len() - batches[2].bytes.len();
        let header_only = batches[0].bytes.len();
        for length in [0, 1, header_only, without_footer, whole.len() - 1] {
            let refused = restored(Some(&whole[..length]));
            assert!(
                matches!(refused, Err(MetadataLogError::Invalid { .. })),
                "{length} of {} bytes were taken",
                whole.len()
            );
        }
        let without_header = restored(Some(&whole[header_only..]));
        assert!(matches!(
            without_header,
            Err(MetadataLogError::Invalid { .. })
        ));
    }

    #[test]
    fn a_snapshot_that_vanished_is_an_error() {
        assert!(matches!(restored(None), Err(MetadataLogError::Io { .. })));
    }

    /// Reads a log that begins at `start` beside a snapshot of all up to `in_snapshot`.
    fn read_from(start: i64, in_snapshot: Option<i64>) -> Result<Found, MetadataLogError> {
        let disk = SeededDisk::new(ManualClock::new(NOW));
        let path = Path::new("/data");
        disk.create_directories(path).unwrap();
        let directory = LogDirectory::open(disk, path).unwrap();
        let options = log_options(MetadataLogOptions {
            segment_bytes: 1 << 20,
            segment_age: Duration::MAX,
            snapshots: SnapshotOptions {
                bytes_between: u64::MAX,
                interval: None,
                retention_bytes: None,
                retention_age: None,
            },
        });
        let mut log = directory
            .open_metadata_log(METADATA_LOG, options, NOW, Offset::ZERO)
            .unwrap();
        let records = features::bootstrap(MetadataVersion::LATEST);
        for base_offset in (0..10).map(Offset) {
            let fields = BatchFields {
                base_offset,
                leader_epoch: LeaderEpoch(1),
                ..BatchFields::default()
            };
            let mut batch = BatchBuilder::new(fields, Compression::None);
            batch.push(NOW, None, Some(&records[0].encode(0)), []);
            log.append_raw(&batch.build(), NOW).unwrap();
        }
        log.set_high_watermark(log.end());
        log.advance_log_start(Offset(start), NOW).unwrap();
        let mut found = Found::nothing();
        found.image = in_snapshot.map(|at| Image::restore(Vec::new(), Offset(at)).unwrap());
        read_log(&log, Path::new(DIRECTORY), &mut found).map(|_| found)
    }

    #[test]
    fn a_log_joins_what_is_in_the_snapshot_or_is_refused() {
        let offsets = |found: Found| found.records.iter().map(|(at, _)| at.0).collect::<Vec<_>>();
        let all: Vec<i64> = (0..10).collect();
        assert_eq!(offsets(read_from(0, None).unwrap()), all);
        assert_eq!(offsets(read_from(4, Some(3)).unwrap()), all[4..]);
        assert_eq!(offsets(read_from(2, Some(3)).unwrap()), all[4..]);
        for (start, in_snapshot) in [(1, None), (5, Some(3)), (10, Some(3))] {
            assert!(
                matches!(
                    read_from(start, in_snapshot),
                    Err(MetadataLogError::Invalid { .. })
                ),
                "the log begins at {start}, the snapshot ends with {in_snapshot:?}"
            );
        }
    }
}
