//! A log directory: the logs in it, and the files that say whose it is and how far its logs are on disk.

mod meta_properties;

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use ottla_env::{Disk, DiskFile, DiskSpace, OpenMode};
use ottla_model::{BrokerEpoch, Offset, PartitionIndex, Timestamp, TopicId, Uuid};
use parking_lot::Mutex;
use serde_json::Value;
use thiserror::Error;

pub use meta_properties::{MetaProperties, ParseMetaPropertiesError};

use crate::checkpoint::{self, CheckpointEntry};
use crate::log::{Log, LogPoint};
use crate::options::LogOptions;
use crate::recovery::OpenError;

pub use crate::recovery::read_file;

const LOCK: &str = ".lock";
const META_PROPERTIES: &str = "meta.properties";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";
const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
const PARTITION_METADATA: &str = "partition.metadata";
/// What Apache's tools take as the longest name of a directory.
const MAX_NAME_BYTES: usize = 255;

/// Why a log directory cannot be used.
#[derive(Debug, Error)]
pub enum DirectoryError {
    #[error("another process uses {path}: stop it, or use another directory")]
    Locked { path: PathBuf },
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("{path}: {problem}")]
    Invalid { path: PathBuf, problem: String },
}

/// A log found in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLog {
    /// Of its directory, `topic-partition`.
    pub name: String,
    pub topic: String,
    pub partition: PartitionIndex,
    /// As `partition.metadata` tells; `None` without that file.
    pub topic_id: Option<TopicId>,
}

/// One entry of `log.dirs`, locked for as long as this lives.
pub struct LogDirectory<D: Disk> {
    disk: D,
    path: PathBuf,
    /// As the checkpoints had them at the start.
    points: Mutex<BTreeMap<String, LogPoint>>,
    _lock: D::Lock,
}

impl<D: Disk> LogDirectory<D> {
    /// Takes the directory, which is made when missing, and reads its checkpoints.
    ///
    /// # Errors
    /// When somebody else has it, or the disk fails. A checkpoint that cannot be read is left aside: recovery then reads more.
    pub fn open(disk: D, path: &Path) -> Result<Self, DirectoryError> {
        let fails = |error| DirectoryError::Io {
            path: path.to_path_buf(),
            error,
        };
        // Formatted means durable.
        if disk
            .entry(&path.join(META_PROPERTIES))
            .map_err(fails)?
            .is_none()
        {
            create_durably(&disk, path).map_err(fails)?;
        }
        let lock = disk
            .lock(&path.join(LOCK))
            .map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => DirectoryError::Locked {
                    path: path.to_path_buf(),
                },
                _ => fails(error),
            })?;
        let mut points: BTreeMap<String, LogPoint> = BTreeMap::new();
        for (file, set) in FILES {
            for entry in read_checkpoint(&disk, path, file).map_err(fails)? {
                let name = directory_name(&entry.topic, PartitionIndex(entry.partition));
                set(points.entry(name).or_insert(NOTHING_KNOWN), entry.offset);
            }
        }
        Ok(Self {
            disk,
            path: path.to_path_buf(),
            points: Mutex::new(points),
            _lock: lock,
        })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// The disk's.
    pub fn space(&self) -> io::Result<DiskSpace> {
        self.disk.space(&self.path)
    }

    /// Whose directory it is; `None` when it was never formatted.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn meta_properties(&self) -> Result<Option<MetaProperties>, DirectoryError> {
        read_meta_properties(&self.disk, &self.path)
    }

    /// # Errors
    /// The disk's.
    pub fn write_meta_properties(&self, properties: &MetaProperties) -> io::Result<()> {
        replace_file(
            &self.disk,
            &self.path,
            META_PROPERTIES,
            properties.to_text().as_bytes(),
        )
    }

    /// Whether the last run closed all logs, and with which broker epoch. Forgets it: a crash from here on is none.
    ///
    /// # Errors
    /// The disk's.
    pub fn take_clean_shutdown(&self) -> io::Result<Option<BrokerEpoch>> {
        let path = self.path.join(CLEAN_SHUTDOWN);
        let Some(bytes) = read_file(&self.disk, &path)? else {
            return Ok(None);
        };
        self.disk.remove_file(&path)?;
        self.disk.sync_directory(&self.path)?;
        let parsed: Option<Value> = serde_json::from_slice(&bytes).ok();
        // The file is the statement, whatever is in it; without an epoch the controller takes it for an unclean one.
        let epoch = parsed.and_then(|value| value.get("brokerEpoch")?.as_i64());
        Ok(Some(epoch.map_or(BrokerEpoch::NONE, BrokerEpoch)))
    }

    /// Says that all logs are closed. Nothing is written after it.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_clean_shutdown(&self, epoch: BrokerEpoch) -> io::Result<()> {
        let text = format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}");
        replace_file(&self.disk, &self.path, CLEAN_SHUTDOWN, text.as_bytes())
    }

    /// The logs in it, by name; those on their way out are not.
    ///
    /// # Errors
    /// The disk's.
    pub fn logs(&self) -> io::Result<Vec<FoundLog>> {
        let mut found = Vec::new();
        for entry in self
            .disk
            .list(&self.path)?
            .into_iter()
            .filter(|entry| entry.is_directory)
        {
            if let Some((topic, partition)) = parse_name(&entry.name) {
                let topic_id = self.topic_id(&entry.name)?;
                found.push(FoundLog {
                    name: entry.name,
                    topic,
                    partition,
                    topic_id,
                });
            }
        }
        Ok(found)
    }

    /// Removes the directories whose deletion an earlier run did not finish.
    ///
    /// # Errors
    /// The disk's.
    pub fn remove_deleted(&self) -> io::Result<()> {
        for entry in self.disk.list(&self.path)? {
            if entry.is_directory && entry.name.ends_with("-delete") {
                self.disk.remove_directory(&self.path.join(&entry.name))?;
            }
        }
        Ok(())
    }

    /// Opens the log `name`, or begins it. `was_clean` as [`take_clean_shutdown`](Self::take_clean_shutdown) found.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_log(
        &self,
        name: &str,
        topic_id: TopicId,
        options: LogOptions,
        now: Timestamp,
        was_clean: bool,
    ) -> Result<Log<D>, OpenError> {
        let directory = self.path.join(name);
        let fails = |error| OpenError::Io {
            path: directory.clone(),
            error,
        };
        match self.topic_id(name).map_err(fails)? {
            Some(found) if found != topic_id => {
                return Err(OpenError::TopicId {
                    path: directory,
                    expected: topic_id,
                    found,
                });
            }
            Some(_) => {}
            None => {
                if self.disk.entry(&directory).map_err(fails)?.is_none() {
                    self.forget(name).map_err(fails)?;
                }
                self.disk.create_directories(&directory).map_err(fails)?;
                self.disk.sync_directory(&self.path).map_err(fails)?;
                let text = format!("version: 0\ntopic_id: {topic_id}");
                replace_file(&self.disk, &directory, PARTITION_METADATA, text.as_bytes())
                    .map_err(fails)?;
            }
        }
        let point = self
            .points
            .lock()
            .get(name)
            .copied()
            .unwrap_or(NOTHING_KNOWN);
        Log::open(
            self.disk.clone(),
            &directory,
            topic_id,
            options,
            point,
            was_clean,
            now,
        )
    }

    /// Puts a log out of the way under a name that nobody opens. Gives back the directory, to be removed when it may go.
    ///
    /// # Errors
    /// The disk's.
    pub fn delete_log(&self, log: Log<D>, unique: Uuid) -> io::Result<PathBuf> {
        let name = log
            .directory()
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        drop(log);
        self.set_aside(&name, unique, "delete")
    }

    /// Puts away a log that the metadata does not know here. It is kept, for a human to look at.
    ///
    /// # Errors
    /// The disk's.
    pub fn set_stray(&self, name: &str, unique: Uuid) -> io::Result<PathBuf> {
        self.set_aside(name, unique, "stray")
    }

    /// # Errors
    /// The disk's. The old checkpoints stand then.
    pub fn write_checkpoints(&self, points: &[(String, LogPoint)]) -> io::Result<()> {
        self.replace_checkpoints(&mut self.points.lock(), points.iter().cloned().collect())
    }

    /// Takes a log that is gone out of the checkpoints: what they say of it must not be taken for that of a new one of its name.
    fn forget(&self, name: &str) -> io::Result<()> {
        // Logs are opened beside each other, and each may be the new one of an old name.
        let mut points = self.points.lock();
        let mut left = points.clone();
        if left.remove(name).is_none() {
            return Ok(());
        }
        self.replace_checkpoints(&mut points, left)
    }

    /// Writes the files and takes note of what they hold. `known` is locked: one at a time writes them.
    fn replace_checkpoints(
        &self,
        known: &mut BTreeMap<String, LogPoint>,
        points: BTreeMap<String, LogPoint>,
    ) -> io::Result<()> {
        let entries = |offset: &dyn Fn(&LogPoint) -> Option<Offset>| -> Vec<CheckpointEntry> {
            points
                .iter()
                .filter_map(|(name, point)| {
                    let (topic, partition) = parse_name(name)?;
                    Some(CheckpointEntry {
                        topic,
                        partition: partition.0,
                        offset: offset(point)?,
                    })
                })
                .collect()
        };
        let files = [
            (
                RECOVERY_POINTS,
                entries(&|point| Some(point.recovery_point)),
            ),
            // A log that begins with its first segment need not say so.
            (
                LOG_STARTS,
                entries(&|point| Some(point.log_start).filter(|start| *start > point.first_base)),
            ),
            (
                HIGH_WATERMARKS,
                entries(&|point| Some(point.high_watermark)),
            ),
        ];
        for (file, entries) in files {
            replace_file(
                &self.disk,
                &self.path,
                file,
                checkpoint::to_text(&entries).as_bytes(),
            )?;
        }
        *known = points;
        Ok(())
    }

    fn topic_id(&self, name: &str) -> io::Result<Option<TopicId>> {
        let Some(bytes) = read_file(&self.disk, &self.path.join(name).join(PARTITION_METADATA))?
        else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let id = text
            .lines()
            .find_map(|line| line.strip_prefix("topic_id: "))
            .and_then(|id| id.trim().parse().ok());
        let invalid = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{PARTITION_METADATA} holds no topic id"),
            )
        };
        id.map(|id| Some(TopicId(id))).ok_or_else(invalid)
    }

    fn set_aside(&self, name: &str, unique: Uuid, suffix: &str) -> io::Result<PathBuf> {
        let mut aside = format!(".{:032x}-{suffix}", unique.as_u128());
        let room = MAX_NAME_BYTES - aside.len();
        aside.insert_str(0, &name[..name.len().min(room)]);
        let path = self.path.join(aside);
        self.disk.rename(&self.path.join(name), &path)?;
        self.disk.sync_directory(&self.path)?;
        Ok(path)
    }
}

/// Whose a directory is, without taking it; `None` when it was never formatted.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn read_meta_properties<D: Disk>(
    disk: &D,
    directory: &Path,
) -> Result<Option<MetaProperties>, DirectoryError> {
    let path = directory.join(META_PROPERTIES);
    let bytes = read_file(disk, &path).map_err(|error| DirectoryError::Io {
        path: path.clone(),
        error,
    })?;
    let Some(bytes) = bytes else { return Ok(None) };
    let parsed = MetaProperties::parse(&String::from_utf8_lossy(&bytes));
    parsed.map(Some).map_err(|error| DirectoryError::Invalid {
        path,
        problem: error.to_string(),
    })
}

/// A log that no checkpoint names.
const NOTHING_KNOWN: LogPoint = LogPoint {
    recovery_point: Offset::ZERO,
    log_start: Offset::ZERO,
    high_watermark: Offset::ZERO,
    first_base: Offset::ZERO,
};

type SetOffset = fn(&mut LogPoint, Offset);

/// The checkpoints, and what they tell of a log.
const FILES: [(&str, SetOffset); 3] = [
    (RECOVERY_POINTS, |point, offset| {
        point.recovery_point = offset
    }),
    (LOG_STARTS, |point, offset| point.log_start = offset),
    (HIGH_WATERMARKS, |point, offset| {
        point.high_watermark = offset
    }),
];

/// Makes a directory, and those above it, so that no crash takes them with all that is in them.
fn create_durably<D: Disk>(disk: &D, path: &Path) -> io::Result<()> {
    // The last ancestor of a relative path is empty, and stands for the current directory.
    let named = |path: &&Path| !path.as_os_str().is_empty();
    let mut missing = Vec::new();
    for directory in path.ancestors().filter(named) {
        if disk.entry(directory)?.is_some() {
            // An earlier attempt may have made it and ended before it was synced; those above it were synced before it was made.
            match disk.sync_directory(parent(directory)) {
                // Not ours to read, so nothing of ours is in it.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                synced => synced?,
            }
            break;
        }
        missing.push(directory);
    }
    for directory in missing.into_iter().rev() {
        disk.create_directories(directory)?;
        disk.sync_directory(parent(directory))?;
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

fn read_checkpoint<D: Disk>(
    disk: &D,
    directory: &Path,
    file: &str,
) -> io::Result<Vec<CheckpointEntry>> {
    let Some(bytes) = read_file(disk, &directory.join(file))? else {
        return Ok(Vec::new());
    };
    Ok(checkpoint::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_else(|error| {
        tracing::warn!(file = %directory.join(file).display(), %error, "left aside: logs are read from their beginning");
        Vec::new()
    }))
}

fn directory_name(topic: &str, partition: PartitionIndex) -> String {
    format!("{topic}-{partition}")
}

/// A topic's name may hold `-` itself.
fn parse_name(name: &str) -> Option<(String, PartitionIndex)> {
    let (topic, partition) = name.rsplit_once('-')?;
    let index = partition.parse().ok().filter(|index| *index >= 0)?;
    (!topic.is_empty()).then(|| (topic.to_owned(), PartitionIndex(index)))
}

/// Replaces a file so that a crash leaves the old contents or the new.
///
/// # Errors
/// The disk's.
pub fn replace_file<D: Disk>(
    disk: &D,
    directory: &Path,
    name: &str,
    bytes: &[u8],
) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.tmp"));
    let file = disk.open(&temporary, OpenMode::Truncate)?;
    file.write_at(&mut [IoSlice::new(bytes)], 0)?;
    file.sync()?;
    disk.rename(&temporary, &directory.join(name))?;
    disk.sync_directory(directory)
}
