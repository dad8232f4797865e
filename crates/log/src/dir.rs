//! A log directory: the logs in it, and the files that say whose it is and how far its logs are on disk.

mod checkpoints;
mod clean_shutdown;
mod future;
mod meta_properties;
mod partition_metadata;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ottla_env::Disk;
use ottla_model::{BrokerEpoch, Offset, PartitionIndex, Timestamp, TopicId, Uuid};
use parking_lot::Mutex;
use thiserror::Error;

pub use clean_shutdown::CLEAN_SHUTDOWN;
pub use future::{FutureLog, NEARLY_ALL, TakeOverError, can_be_named};
pub use meta_properties::{MetaProperties, ParseMetaPropertiesError};

use checkpoints::Checkpoints;
use partition_metadata::PARTITION_METADATA;

use crate::handle::{Home, OpenHandles};
use crate::log::{Log, LogPoint};
use crate::options::LogOptions;
use crate::recovery::OpenError;

use crate::segment::{Durability, write_file};

pub use crate::recovery::read_file;

const LOCK: &str = ".lock";
/// The file that says whose a directory is.
pub const META_PROPERTIES: &str = "meta.properties";
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
    /// There is more than a directory for it.
    pub is_begun: bool,
}

/// One entry of `log.dirs`, locked for as long as this lives.
pub struct LogDirectory<D: Disk> {
    disk: D,
    path: PathBuf,
    checkpoints: Checkpoints<D>,
    open: Arc<OpenHandles<D>>,
    /// What [`logs`](Self::logs) has found out, by the names of the logs: for whoever opens them.
    found: Mutex<BTreeMap<String, TopicId>>,
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
        let checkpoints = Checkpoints::read(disk.clone(), path).map_err(fails)?;
        Ok(Self {
            disk,
            path: path.to_path_buf(),
            checkpoints,
            open: Arc::default(),
            found: Mutex::default(),
            _lock: lock,
        })
    }

    /// That it is one of so many in this process, which share what may be open at once.
    pub fn share_open_files(&self, directories: usize) {
        self.open.share(&self.disk, directories);
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
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
        clean_shutdown::take(&self.disk, &self.path)
    }

    /// What [`take_clean_shutdown`](Self::take_clean_shutdown) would find.
    ///
    /// # Errors
    /// The disk's.
    pub fn clean_shutdown(&self) -> io::Result<Option<BrokerEpoch>> {
        clean_shutdown::read(&self.disk, &self.path)
    }

    /// Says that all logs are closed. Nothing is written after it.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_clean_shutdown(&self, epoch: BrokerEpoch) -> io::Result<()> {
        clean_shutdown::write(&self.disk, &self.path, epoch)
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
                let path = self.path.join(&entry.name);
                let topic_id = partition_metadata::read(&self.disk, &path)?;
                if let Some(id) = topic_id {
                    self.found.lock().insert(entry.name.clone(), id);
                }
                let is_begun = topic_id.is_some() || !self.is_unbegun(&path)?;
                found.push(FoundLog {
                    name: entry.name,
                    topic,
                    partition,
                    topic_id,
                    is_begun,
                });
            }
        }
        Ok(found)
    }

    /// Removes the directories whose deletion an earlier run did not finish, and those of logs that it did not come to begin: they
    /// would be taken for the logs of later topics of their names.
    ///
    /// # Errors
    /// The disk's.
    pub fn remove_deleted(&self) -> io::Result<()> {
        for entry in self.disk.list(&self.path)? {
            if !entry.is_directory {
                continue;
            }
            let path = self.path.join(&entry.name);
            let is_gone = entry.name.ends_with("-delete")
                || (parse_name(&entry.name).is_some()
                    && !self.found.lock().contains_key(&entry.name)
                    && self.is_unbegun(&path)?);
            if is_gone {
                self.disk.remove_directory(&path)?;
            }
        }
        Ok(())
    }

    /// Whether there is nothing in it but what comes before `partition.metadata`.
    fn is_unbegun(&self, log: &Path) -> io::Result<bool> {
        let unfinished = format!("{PARTITION_METADATA}.tmp");
        let entries = self.disk.list(log)?;
        Ok(entries.iter().all(|entry| entry.name == unfinished))
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
        let directory = self.own(name, topic_id)?;
        let point = self.checkpoints.point(name).unwrap_or(LogPoint::UNKNOWN);
        Log::open(
            self.home(directory),
            topic_id,
            options,
            point,
            was_clean,
            now,
        )
    }

    /// Opens the metadata log, of which no checkpoint tells. `on_disk`: everything below is, so that what cannot be read there is no torn
    /// write, and an error.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_metadata_log(
        &self,
        name: &str,
        options: LogOptions,
        now: Timestamp,
        on_disk: Offset,
    ) -> Result<Log<D>, OpenError> {
        let directory = self.own(name, TopicId::METADATA)?;
        let point = LogPoint {
            recovery_point: on_disk,
            ..LogPoint::UNKNOWN
        };
        Log::open(
            self.home(directory),
            TopicId::METADATA,
            options,
            point,
            false,
            now,
        )
    }

    fn home(&self, log: PathBuf) -> Home<D> {
        Home::new(self.disk.clone(), log, Arc::clone(&self.open))
    }

    /// Makes sure that the directory of a log is there and is the topic's.
    fn own(&self, name: &str, topic_id: TopicId) -> Result<PathBuf, OpenError> {
        let directory = self.path.join(name);
        let fails = |error| OpenError::Io {
            path: directory.clone(),
            error,
        };
        let found = match self.found.lock().remove(name) {
            Some(found) => Ok(Some(found)),
            None => partition_metadata::read(&self.disk, &directory),
        };
        let found = match found {
            // There is one metadata log, and it can be no other topic's.
            Ok(Some(found)) if topic_id == TopicId::METADATA && found != topic_id => {
                tracing::warn!(log = %directory.display(), %found, "its partition.metadata is wrong, and written anew");
                None
            }
            Err(error)
                if topic_id == TopicId::METADATA && error.kind() == io::ErrorKind::InvalidData =>
            {
                tracing::warn!(log = %directory.display(), "its partition.metadata is damaged, and written anew");
                None
            }
            found => found.map_err(fails)?,
        };
        match found {
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
                    // What they say of one that is gone must not be taken for that of a new one of its name.
                    self.checkpoints.forget(name).map_err(fails)?;
                }
                self.disk.create_directories(&directory).map_err(fails)?;
                self.disk.sync_directory(&self.path).map_err(fails)?;
                partition_metadata::write(&self.disk, &directory, topic_id).map_err(fails)?;
            }
        }
        Ok(directory)
    }

    /// Puts a log out of the way under a name that nobody opens. Gives back the directory, to be removed when it may go; `None`
    /// where there is no such log.
    ///
    /// # Errors
    /// The disk's.
    pub fn delete_log(&self, name: &str, unique: Uuid) -> io::Result<Option<PathBuf>> {
        match self.set_aside(name, unique, "delete") {
            Ok(path) => Ok(Some(path)),
            Err(error) => {
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                // Where the whole directory is gone it is not for want of the log.
                if is_missing && self.disk.entry(&self.path)?.is_some() {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// What the checkpoints say of a log.
    #[must_use]
    pub fn known_point(&self, name: &str) -> Option<LogPoint> {
        self.checkpoints.point(name)
    }

    /// Puts away a log that the metadata does not know here. It is kept, for a human to look at.
    ///
    /// # Errors
    /// The disk's.
    pub fn set_stray(&self, name: &str, unique: Uuid) -> io::Result<PathBuf> {
        self.set_aside(name, unique, "stray")
    }

    /// Brings all that was written to the disk, of all logs at once.
    ///
    /// # Errors
    /// The disk's. Nothing written since the last sync can be trusted then.
    pub fn sync_all(&self) -> io::Result<()> {
        self.disk.sync_all(&self.path)
    }

    /// # Errors
    /// The disk's. The old checkpoints stand then.
    pub fn write_checkpoints(&self, points: &[(String, LogPoint)]) -> io::Result<()> {
        self.checkpoints.replace(points.iter().cloned().collect())
    }

    /// Writes down where some of the logs begin by now, so that no crash brings back what was deleted below.
    ///
    /// # Errors
    /// The disk's. The old checkpoint stands then.
    pub fn write_log_starts(&self, moved: &[(String, LogPoint)]) -> io::Result<()> {
        self.checkpoints.begin_at(moved)
    }

    fn set_aside(&self, name: &str, unique: Uuid, suffix: &str) -> io::Result<PathBuf> {
        let path = self.path.join(aside_name(name, unique, suffix));
        self.move_aside(name, &path)?;
        Ok(path)
    }

    fn move_aside(&self, name: &str, aside: &Path) -> io::Result<()> {
        self.found.lock().remove(name);
        self.disk.rename(&self.path.join(name), aside)?;
        self.disk.sync_directory(&self.path)
    }
}

/// What a log is called that is out of the way.
fn aside_name(name: &str, unique: Uuid, suffix: &str) -> String {
    let mut aside = format!(".{:032x}-{suffix}", unique.as_u128());
    let room = MAX_NAME_BYTES - aside.len();
    aside.insert_str(0, &name[..name.len().min(room)]);
    aside
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
        problem: format!("{error}: put back a copy of it"),
    })
}

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
    write_file(disk, &temporary, bytes, Durability::Now)?;
    disk.rename(&temporary, &directory.join(name))?;
    disk.sync_directory(directory)
}
