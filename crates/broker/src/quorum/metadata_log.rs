//! `__cluster_metadata-0` on the disk: its log, the snapshots and `quorum-state` beside it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ottla_env::{Clock, Disk, DiskFile, Env, OpenMode};
use ottla_log::dir::{LogDirectory, replace_file};
use ottla_log::{Log, LogOptions, OpenError};
use ottla_metadata::Image;
use ottla_model::{LeaderEpoch, Offset, Timestamp, TopicId};
use ottla_raft::checkpoint::SnapshotId;
use ottla_raft::{LogView, QuorumState, Voter, quorum_state};
use ottla_wire::control_record::ControlRecord;
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::records::{Batch, Batches};
use thiserror::Error;

use super::metadata_reader::MetadataReader;

/// The name of the log's directory.
pub(crate) const METADATA_LOG: &str = "__cluster_metadata-0";
/// The file of the records that a cluster begins with, beside the logs.
pub(crate) const BOOTSTRAP: &str = "bootstrap.checkpoint";
/// What is read of the log at once. Bytes.
const READ_BYTES: u64 = 8 << 20;
/// The most a batch of metadata may come to. Bytes.
const MAX_UNCOMPRESSED: usize = 64 << 20;

/// Why the metadata cannot be read.
#[derive(Debug, Error)]
pub enum MetadataLogError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("{path}: {problem}")]
    Invalid { path: PathBuf, problem: String },
}

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
    pub(crate) stored: QuorumState,
    pub(crate) log_epoch: LeaderEpoch,
    pub(crate) log_end: Offset,
}

pub(crate) struct MetadataLog<E: Env> {
    disk: E::Disk,
    directory: PathBuf,
    log: Log<E::Disk>,
    /// Ascending.
    snapshots: Vec<SnapshotId>,
}

impl<E: Env> MetadataLog<E> {
    /// Opens the log and reads all that is in it. Everything found is on disk afterwards: it counts as committed once this node leads.
    ///
    /// # Errors
    /// See [`MetadataLogError`].
    pub(crate) fn open(
        env: &E,
        directory: &LogDirectory<E::Disk>,
    ) -> Result<(Self, Found), MetadataLogError> {
        let now = env.clock().wall();
        let disk = env.disk().clone();
        let path = directory.path().join(METADATA_LOG);
        let fails = |error| MetadataLogError::Io {
            path: path.clone(),
            error,
        };
        let mut log = directory.open_log(METADATA_LOG, TopicId::METADATA, options(), now, false)?;
        if let Some(job) = log.unsynced() {
            let end = job.run().map_err(fails)?;
            log.synced(end, now);
        }
        let mut found = Found {
            bootstrap: None,
            image: None,
            records: Vec::new(),
            kraft_version: 0,
            voters: Vec::new(),
            stored: QuorumState::NEW,
            log_epoch: LeaderEpoch::NONE,
            log_end: log.end(),
        };
        let bootstrap = directory.path().join(BOOTSTRAP);
        if let Some(bytes) = read(&disk, &bootstrap).map_err(fails)? {
            found.bootstrap = Some(read_snapshot(&bytes, &bootstrap, &mut found)?);
        }
        let snapshots = read_snapshots(&disk, &path, &mut found)?;
        read_log(&log, &path, &mut found)?;
        if let Some(text) = read_text(&disk, &path.join(quorum_state::FILE)).map_err(fails)? {
            found.stored =
                quorum_state::parse(&text).map_err(|error| MetadataLogError::Invalid {
                    path: path.clone(),
                    problem: error.to_string(),
                })?;
        }
        Ok((
            Self {
                disk,
                directory: path,
                log,
                snapshots,
            },
            found,
        ))
    }

    pub(super) fn end(&self) -> Offset {
        self.log.end()
    }

    pub(super) fn append(&mut self, batch: &[u8], now: Timestamp) -> io::Result<Offset> {
        self.log.append_raw(batch, now)
    }

    /// The end of the log, all of it on disk.
    pub(super) fn sync(&mut self, now: Timestamp) -> io::Result<Offset> {
        if let Some(job) = self.log.unsynced() {
            let end = job.run()?;
            self.log.synced(end, now);
        }
        Ok(self.log.synced_end())
    }

    /// Writes and syncs `quorum-state`.
    pub(super) fn persist(
        &self,
        state: &QuorumState,
        kraft_version: i16,
        voters: &[Voter],
    ) -> io::Result<()> {
        replace_file(
            &self.disk,
            &self.directory,
            quorum_state::FILE,
            quorum_state::to_text(state, kraft_version, voters).as_bytes(),
        )
    }

    /// What the log says to a replica whose last batch is of `epoch`.
    pub(super) fn view(&self, epoch: LeaderEpoch) -> LogView {
        let reader = self.log.reader();
        let (found, end) = reader.end_offset_for_epoch(epoch);
        LogView {
            start: reader.log_start(),
            // An epoch that the log has not come to ends with the log.
            end_of_epoch: if found == LeaderEpoch::NONE {
                (reader.epoch_of(reader.end()), reader.end())
            } else {
                (found, end)
            },
            snapshots: self
                .snapshots
                .first()
                .copied()
                .zip(self.snapshots.last().copied()),
        }
    }

    /// For those who read while this one writes.
    pub(crate) fn reader(&self) -> MetadataReader<E> {
        MetadataReader::new(self.disk.clone(), self.directory.clone(), self.log.reader())
    }

    pub(super) fn close(&mut self) -> io::Result<()> {
        self.log.close()
    }
}

/// Kafka's defaults for this log; nothing is deleted from it while snapshots are not written.
fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 1 << 30,
        segment_age: Duration::from_hours(24 * 7),
        index_interval_bytes: 4096,
        index_bytes: 10 << 20,
        retention_bytes: None,
        retention_age: None,
        deletes: false,
        producer_expiration: Duration::MAX,
    }
}

fn read_snapshots<D: Disk>(
    disk: &D,
    directory: &Path,
    found: &mut Found,
) -> Result<Vec<SnapshotId>, MetadataLogError> {
    let fails = |error| MetadataLogError::Io {
        path: directory.to_path_buf(),
        error,
    };
    let mut ids: Vec<SnapshotId> = disk
        .list(directory)
        .map_err(fails)?
        .iter()
        .filter_map(|entry| SnapshotId::parse(&entry.name))
        .collect();
    ids.sort_unstable();
    let Some(newest) = ids.last() else {
        return Ok(ids);
    };
    let path = directory.join(newest.file_name());
    let bytes = read(disk, &path).map_err(fails)?.unwrap_or_default();
    let snapshot = read_snapshot(&bytes, &path, found)?;
    if *newest != SnapshotId::BOOTSTRAP {
        let image = Image::restore(snapshot, newest.end_offset - 1).map_err(|error| {
            MetadataLogError::Invalid {
                path,
                problem: error.to_string(),
            }
        })?;
        found.image = Some(image);
    }
    Ok(ids)
}

/// The metadata records of a file in the form of a snapshot.
fn read_snapshot(
    bytes: &[u8],
    path: &Path,
    found: &mut Found,
) -> Result<Vec<MetadataRecord<'static>>, MetadataLogError> {
    let mut records = Vec::new();
    for batch in Batches::new(bytes) {
        let batch = batch.map_err(|error| MetadataLogError::Invalid {
            path: path.to_path_buf(),
            problem: error.to_string(),
        })?;
        take(&batch, path, found, |_, record| records.push(record))?;
    }
    Ok(records)
}

fn read_log<D: Disk>(log: &Log<D>, path: &Path, found: &mut Found) -> Result<(), MetadataLogError> {
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
    let mut next = reader.log_start();
    while next < log.end() {
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
                next = batch.header.next_offset();
                found.log_epoch = batch.header.leader_epoch;
                let mut records = Vec::new();
                take(&batch, path, found, |offset, record| {
                    records.push((offset, record))
                })?;
                found.records.extend(
                    records
                        .into_iter()
                        .filter(|(offset, _)| *offset > in_snapshot),
                );
            }
        }
    }
    Ok(())
}

/// The records of a batch: the quorum's own are taken note of, the others given on.
fn take(
    batch: &Batch<'_>,
    path: &Path,
    found: &mut Found,
    mut give: impl FnMut(Offset, MetadataRecord<'static>),
) -> Result<(), MetadataLogError> {
    let invalid = |problem: String| MetadataLogError::Invalid {
        path: path.to_path_buf(),
        problem,
    };
    batch.check().map_err(|error| invalid(error.to_string()))?;
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
            give(record.offset, decoded.into_owned());
            continue;
        }
        match ControlRecord::decode(key, value).map_err(|error| invalid(error.to_string()))? {
            Some(ControlRecord::KRaftVersion(record)) => found.kraft_version = record.kraft_version,
            Some(ControlRecord::KRaftVoters(record)) => {
                found.voters = record.voters.into_iter().map(Voter::from_record).collect()
            }
            _ => {}
        }
    }
    Ok(())
}

fn read<D: Disk>(disk: &D, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

fn read_text<D: Disk>(disk: &D, path: &Path) -> io::Result<Option<String>> {
    let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "expected UTF-8");
    read(disk, path)?
        .map(|bytes| String::from_utf8(bytes).map_err(invalid))
        .transpose()
}
