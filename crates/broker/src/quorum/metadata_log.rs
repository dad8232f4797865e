//! `__cluster_metadata-0` on the disk: its log, the snapshots and `quorum-state` beside it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ottla_env::{Clock, Disk, Env};
use ottla_log::dir::{LogDirectory, replace_file};
use ottla_log::{Log, LogOptions, OpenError};
use ottla_metadata::Image;
use ottla_model::{LeaderEpoch, Monotonic, Offset, Timestamp};
use ottla_raft::checkpoint::SnapshotId;
use ottla_raft::{
    LogView, Membership, QuorumState, Snapshot, SnapshotOptions, Snapshots, quorum_state,
};
use ottla_wire::control_record::ControlRecord;
use thiserror::Error;

use super::found_metadata::{
    Found, OnDisk, read_bootstrap, read_log, read_quorum_state, restore_newest,
};
use super::metadata_reader::MetadataReader;
use super::snapshot::{SnapshotJob, find_snapshots};

/// The name of the log's directory.
pub(crate) const METADATA_LOG: &str = "__cluster_metadata-0";
/// The file of the records that a cluster begins with, beside the logs.
pub(crate) const BOOTSTRAP: &str = "bootstrap.checkpoint";

/// Why the metadata cannot be read.
#[derive(Debug, Error)]
pub enum MetadataLogError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    /// What it was needed for is nowhere else.
    #[error("{path}: {problem}: put back a copy of what is missing or damaged")]
    Invalid { path: PathBuf, problem: String },
    #[error(
        "{path} ends at offset {end}, and {told_by} tells that it went on to {at_least}: put back a copy of the last segment"
    )]
    Short {
        path: PathBuf,
        end: Offset,
        at_least: Offset,
        told_by: PathBuf,
    },
    #[error(
        "{path}: {problem}: put back a copy of it, or remove it, and the cluster begins with the features of this release"
    )]
    Bootstrap { path: PathBuf, problem: String },
}

/// How the log is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetadataLogOptions {
    /// Bytes.
    pub(crate) segment_bytes: u64,
    pub(crate) segment_age: Duration,
    pub(crate) snapshots: SnapshotOptions,
}

pub(crate) struct MetadataLog<E: Env> {
    disk: E::Disk,
    directory: PathBuf,
    log: Log<E::Disk>,
    snapshots: Snapshots,
    /// Of the last batch.
    last_append: Timestamp,
}

impl<E: Env> MetadataLog<E> {
    /// Opens the log and reads all that is in it. Everything found is on disk afterwards: it counts as committed once this node leads.
    ///
    /// # Errors
    /// See [`MetadataLogError`].
    pub(crate) fn open(
        env: &E,
        directory: &LogDirectory<E::Disk>,
        options: MetadataLogOptions,
    ) -> Result<(Self, Found), MetadataLogError> {
        let now = env.clock().wall();
        let disk = env.disk().clone();
        let path = directory.path().join(METADATA_LOG);
        let fails = |error| MetadataLogError::Io {
            path: path.clone(),
            error,
        };
        let mut kept = find_snapshots(&disk, &path).map_err(fails)?;
        let was_on_disk = OnDisk::of(&disk, directory, &kept).map_err(fails)?;
        let mut log = directory.open_metadata_log(
            METADATA_LOG,
            log_options(options),
            now,
            was_on_disk.whole_up_to,
        )?;
        if log.end() < was_on_disk.at_least {
            return Err(MetadataLogError::Short {
                path,
                end: log.end(),
                at_least: was_on_disk.at_least,
                told_by: was_on_disk.told_by,
            });
        }
        if let Some(job) = log.unsynced() {
            let end = job.run().map_err(fails)?;
            log.synced(end);
        }
        let log_start = log.reader().log_start();
        let (mut found, damaged) = restore_newest(&disk, &path, log_start, &mut kept)?;
        found.log_end = log.end();
        let behind = read_log(&log, &path, &mut found)?;
        let mut snapshots =
            Snapshots::new(options.snapshots, kept, behind, env.clock().monotonic());
        for (id, problem) in damaged {
            let file = path.join(id.file_name());
            // The one that a cluster is formatted with is all there is before it begins.
            if !found.has_begun() {
                return Err(MetadataLogError::Invalid {
                    path: file,
                    problem,
                });
            }
            tracing::warn!(file = %file.display(), problem, "damaged, and removed: the log has what it was made of");
            disk.remove_file(&file).map_err(fails)?;
        }
        found.bootstrap = read_bootstrap(&disk, directory.path(), found.has_begun())?;
        // A crash may bring back what was removed together with the log before it. The log would not begin with the oldest snapshot
        // then, and a replica that has the one it does begin with would be told to fetch that again.
        let log_start = SnapshotId {
            end_offset: log_start,
            epoch: LeaderEpoch(0),
        };
        for id in snapshots.forget_before(log_start) {
            disk.remove_file(&path.join(id.file_name()))
                .map_err(fails)?;
        }
        found.stored = read_quorum_state(&disk, &path)?;
        Ok((
            Self {
                disk,
                directory: path,
                log,
                snapshots,
                last_append: now,
            },
            found,
        ))
    }

    pub(super) fn end(&self) -> Offset {
        self.log.end()
    }

    pub(super) fn append(&mut self, batch: &[u8], now: Timestamp) -> io::Result<Offset> {
        self.snapshots.committed(batch.len() as u64);
        self.last_append = now;
        self.log.append_raw(batch, now)
    }

    /// Readers may see all below.
    pub(super) fn committed(&mut self, offset: Offset) {
        self.log.set_high_watermark(offset);
    }

    /// Begins a snapshot of the image that is committed, if one is due. `end_offset`: behind the records that made it, those of
    /// the quorum and the ends of transactions among them, which leave no trace in the image.
    pub(super) fn begin_snapshot(
        &mut self,
        image: &Arc<Image>,
        end_offset: Offset,
        membership: Vec<ControlRecord<'static>>,
        now: Monotonic,
    ) -> Option<SnapshotJob<E::Disk>> {
        if !self.snapshots.is_due(now) {
            return None;
        }
        let id = SnapshotId {
            end_offset,
            epoch: self.log.reader().epoch_of(end_offset - 1),
        };
        self.snapshots.begin(now);
        Some(SnapshotJob {
            disk: self.disk.clone(),
            directory: self.directory.clone(),
            id,
            last_append: self.last_append,
            membership,
            image: Arc::clone(image),
        })
    }

    pub(super) fn is_writing_snapshot(&self) -> bool {
        self.snapshots.is_writing()
    }

    /// A snapshot is on disk, and what is older may be more than is kept.
    pub(super) fn snapshot_written(
        &mut self,
        result: io::Result<Snapshot>,
        now: Timestamp,
    ) -> io::Result<()> {
        let snapshot = result.inspect_err(|error| {
            tracing::error!(%error, "cannot write a snapshot of the metadata");
        });
        self.snapshots.written(snapshot.ok());
        while let Some(first) = self.snapshots.removable(self.log.reader().size(), now) {
            self.log.advance_log_start(first.end_offset, now)?;
            for id in self.snapshots.forget_before(first) {
                self.disk
                    .remove_file(&self.directory.join(id.file_name()))?;
            }
        }
        Ok(())
    }

    /// The end of the log, all of it on disk.
    pub(super) fn sync(&mut self) -> io::Result<Offset> {
        if let Some(job) = self.log.unsynced() {
            let end = job.run()?;
            self.log.synced(end);
        }
        Ok(self.log.synced_end())
    }

    /// Writes and syncs `quorum-state`.
    pub(super) fn persist(&self, state: &QuorumState, membership: &Membership) -> io::Result<()> {
        replace_file(
            &self.disk,
            &self.directory,
            quorum_state::FILE,
            quorum_state::to_text(state, membership).as_bytes(),
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
            snapshots: match self.snapshots.kept() {
                [] => None,
                [only] => Some((only.id, only.id)),
                [oldest, .., newest] => Some((oldest.id, newest.id)),
            },
        }
    }

    /// For those who read while this one writes.
    pub(crate) fn reader(&self) -> MetadataReader<E> {
        MetadataReader::new(self.disk.clone(), self.directory.clone(), self.log.reader())
    }

    pub(super) fn close(&mut self) -> io::Result<()> {
        self.log.close()?;
        self.log.mark_end()
    }
}

pub(super) fn log_options(options: MetadataLogOptions) -> LogOptions {
    LogOptions {
        segment_bytes: options.segment_bytes,
        segment_age: options.segment_age,
        index_interval_bytes: 4096,
        index_bytes: 10 << 20,
        // What a snapshot makes superfluous goes, and nothing else.
        retention_bytes: None,
        retention_age: None,
        deletes: false,
        producer_expiration: Duration::MAX,
    }
}
