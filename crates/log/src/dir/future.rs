//! A log on its way into another directory (KIP-113).
//!
//! ```text
//! from/topic-0                    the log, in use
//! to/topic-0.<unique>-future      its copy, file by file, beside the service
//!
//! handed over, while nothing is appended:  the rest is copied, to/ takes note of the log's point
//!                                          from/topic-0  →  from/topic-0.<unique>-delete
//!                                          to/….-future  →  to/topic-0
//! ```
//!
//! A start that finds a copy and no log makes the copy the log: it was whole before the log went out of the way. One that finds both
//! begins the copy again, for a crash may have taken something of the log that the copy still has.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use ottla_env::{Disk, DiskFile, DiskSpace, OpenMode};
use ottla_model::Uuid;
use thiserror::Error;

use super::{LogDirectory, MAX_NAME_BYTES, aside_name};
use crate::files::{Files, offset_of};
use crate::log::LogPoint;
use crate::recovery::{EPOCHS, read_file};
use crate::segment::{Durability, write_file};

const SUFFIX: &str = "-future";
/// Read and written at once.
const CHUNK: usize = 1 << 20;
/// When another look for what came meanwhile is not worth it any more. Bytes.
pub const NEARLY_ALL: u64 = 1 << 20;

/// Why a copy is not the log.
#[derive(Debug, Error)]
pub enum TakeOverError {
    /// The log is where it was.
    #[error("{0}; it is where it was")]
    Kept(io::Error),
    /// Nor is the log where it was. The next start finds the copy, which is whole, or the log.
    #[error("{0}; nor can it be put back")]
    Lost(io::Error),
}

/// Whether the copy of the log `name` can have a name that tells whose it is, in the 255 bytes that file systems give names.
#[must_use]
pub fn can_be_named(name: &str) -> bool {
    future_name(name, Uuid::ZERO).len() <= MAX_NAME_BYTES
}

fn future_name(name: &str, unique: Uuid) -> String {
    format!("{name}.{:032x}{SUFFIX}", unique.as_u128())
}

/// What was renamed, unless it was not there.
fn if_there(renamed: io::Result<()>) -> io::Result<()> {
    match renamed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}

/// The copy of a log.
pub struct FutureLog<D: Disk> {
    from: Arc<LogDirectory<D>>,
    to: Arc<LogDirectory<D>>,
    name: String,
    path: PathBuf,
}

impl<D: Disk> FutureLog<D> {
    /// Begins the copy of the log `name`.
    ///
    /// # Errors
    /// The disk's; `InvalidFilename` where the copy's name [does not fit](can_be_named).
    pub fn begin(
        from: Arc<LogDirectory<D>>,
        to: Arc<LogDirectory<D>>,
        name: &str,
        unique: Uuid,
    ) -> io::Result<Self> {
        if !can_be_named(name) {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let path = to.path.join(future_name(name, unique));
        to.disk.create_directories(&path)?;
        if let Err(error) = to.disk.sync_directory(&to.path) {
            let _ = to.disk.remove_directory(&path);
            return Err(error);
        }
        let name = name.to_owned();
        Ok(Self {
            from,
            to,
            name,
            path,
        })
    }

    /// Where the log goes.
    #[must_use]
    pub fn directory(&self) -> &Arc<LogDirectory<D>> {
        &self.to
    }

    /// Copies once what there is by now, and adds it to `copied`, in bytes. Before each chunk `may` is asked, and told how many bytes are
    /// left. Gives how many were copied: the rest may be copied while the log waits where they were no more than [`NEARLY_ALL`].
    ///
    /// # Errors
    /// The disk's, and those of `may`.
    pub fn catch_up(
        &self,
        copied: &AtomicU64,
        may: &dyn Fn(u64) -> io::Result<()>,
    ) -> io::Result<u64> {
        let bytes = self.copy(false, may)?;
        copied.fetch_add(bytes, Ordering::Relaxed);
        Ok(bytes)
    }

    /// Bytes of records that are not copied yet.
    ///
    /// # Errors
    /// The disk's.
    pub fn left(&self) -> io::Result<u64> {
        let disk = &self.to.disk;
        let log = self.from.path.join(&self.name);
        let length = |path: PathBuf| -> io::Result<u64> {
            Ok(disk.entry(&path)?.map_or(0, |entry| entry.length))
        };
        let mut left = 0;
        for name in Files::look(disk, &log)?.names() {
            if name.ends_with(".log") {
                let (there, here) = (length(log.join(name))?, length(self.path.join(name))?);
                left += there.saturating_sub(here);
            }
        }
        Ok(left)
    }

    /// Where it goes: how much room there is.
    ///
    /// # Errors
    /// The disk's.
    pub fn space(&self) -> io::Result<DiskSpace> {
        self.to.disk.space(&self.to.path)
    }

    /// Gives the copy up.
    ///
    /// # Errors
    /// The disk's.
    pub fn discard(&self) -> io::Result<()> {
        self.to.disk.remove_directory(&self.path)
    }

    /// Puts the copy in the place of the log, which is closed and stands at `point`. Gives what is left of that, to be removed.
    ///
    /// # Errors
    /// The disk's. The copy is not removed.
    pub fn take_over(&self, point: LogPoint, unique: Uuid) -> Result<PathBuf, TakeOverError> {
        self.copy(true, &|_| Ok(())).map_err(TakeOverError::Kept)?;
        let adopted = self.to.checkpoints.adopt(&self.name, point);
        adopted.map_err(TakeOverError::Kept)?;
        let aside = self
            .from
            .path
            .join(aside_name(&self.name, unique, "delete"));
        let taken = self.from.move_aside(&self.name, &aside);
        let taken = taken.and_then(|()| self.to.promote(&self.path, &self.name));
        match taken {
            Ok(()) => Ok(aside),
            Err(error) => Err(match self.restore(&aside) {
                Ok(()) => TakeOverError::Kept(error),
                Err(restoring) => {
                    tracing::error!(log = self.name, %restoring, "cannot be put back in its place");
                    TakeOverError::Lost(error)
                }
            }),
        }
    }

    /// Undoes what has been done of taking over. First what is in the place of the copy goes, for a start does not choose between two logs.
    fn restore(&self, aside: &Path) -> io::Result<()> {
        if_there(
            self.to
                .disk
                .rename(&self.to.path.join(&self.name), &self.path),
        )?;
        let log = self.from.path.join(&self.name);
        if_there(self.from.disk.rename(aside, &log))?;
        self.from.disk.sync_directory(&self.from.path)?;
        // After a crash that undoes this there would be two: better that nothing is written to the one that is here.
        self.to.disk.sync_directory(&self.to.path)
    }

    /// Makes the copy what the log is now, the last segment's indexes only if `is_last`. Gives how many bytes that took.
    fn copy(&self, is_last: bool, may: &dyn Fn(u64) -> io::Result<()>) -> io::Result<u64> {
        let disk = &self.to.disk;
        let log = self.from.path.join(&self.name);
        let (files, copied) = (Files::look(disk, &log)?, Files::look(disk, &self.path)?);
        for gone in copied.names().filter(|name| !files.has(name)) {
            disk.remove_file(&self.path.join(gone))?;
        }
        let active = files.offsets("log").last().copied();
        let left = self.left()?;
        let (mut bytes, mut records) = (0, 0);
        for name in files.names().filter(|name| !name.ends_with(".tmp")) {
            let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
            let changes = name == EPOCHS || offset_of(stem) >= active;
            let copied = match extension {
                "log" => {
                    let may = |more| may(left.saturating_sub(records + more));
                    let copied = self.append_rest(&log, name, &may);
                    records += copied.as_ref().copied().unwrap_or_default();
                    copied
                }
                _ if changes && !is_last => Ok(0),
                _ => self.replace(&log, name, changes),
            };
            match copied {
                Ok(more) => bytes += more,
                // Retention has taken it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_last => {}
                Err(error) => return Err(error),
            }
        }
        disk.sync_directory(&self.path)?;
        Ok(bytes)
    }

    /// What is in a segment stays as it is: only what came behind is copied. `may` is told what is.
    fn append_rest(
        &self,
        log: &Path,
        name: &str,
        may: &dyn Fn(u64) -> io::Result<()>,
    ) -> io::Result<u64> {
        let disk = &self.to.disk;
        let source = disk.open(&log.join(name), OpenMode::Read)?;
        let target = disk.open(&self.path.join(name), OpenMode::Create)?;
        let (begun, end) = (target.length()?, source.length()?);
        let mut at = begun;
        let mut buffer = BytesMut::zeroed(CHUNK);
        while at < end {
            may(at - begun)?;
            let wanted = usize::try_from(end - at).map_or(CHUNK, |left| left.min(CHUNK));
            let read = source.read_at(&mut buffer[..wanted], at)?;
            if read == 0 {
                break;
            }
            target.write_at(&mut [io::IoSlice::new(&buffer[..read])], at)?;
            at += read as u64;
        }
        if at > begun {
            target.sync()?;
        }
        Ok(at - begun)
    }

    /// A small file, unless it is there and never changes.
    fn replace(&self, log: &Path, name: &str, changes: bool) -> io::Result<u64> {
        let disk = &self.to.disk;
        let (source, target) = (log.join(name), self.path.join(name));
        let length = |path: &Path| -> io::Result<Option<u64>> {
            Ok(disk.entry(path)?.map(|entry| entry.length))
        };
        if !changes && length(&source)? == length(&target)? {
            return Ok(0);
        }
        let Some(bytes) = read_file(disk, &source)? else {
            return Ok(0);
        };
        write_file(disk, &target, &bytes, Durability::Now)?;
        Ok(bytes.len() as u64)
    }
}

impl<D: Disk> LogDirectory<D> {
    /// The copies of logs that an earlier run began here: where they are, and what the logs are called.
    ///
    /// # Errors
    /// The disk's.
    pub fn futures(&self) -> io::Result<Vec<(PathBuf, String)>> {
        let entries = self.disk.list(&self.path)?;
        let futures = entries.into_iter().filter(|entry| entry.is_directory);
        let futures = futures.filter_map(|entry| {
            let (name, _) = entry.name.strip_suffix(SUFFIX)?.rsplit_once('.')?;
            Some((self.path.join(&entry.name), name.to_owned()))
        });
        Ok(futures.collect())
    }

    /// Removes a copy.
    ///
    /// # Errors
    /// The disk's.
    pub fn remove_future(&self, future: &Path) -> io::Result<()> {
        self.disk.remove_directory(future)
    }

    /// Makes a copy the log.
    ///
    /// # Errors
    /// The disk's.
    pub fn promote(&self, future: &Path, name: &str) -> io::Result<()> {
        self.disk.rename(future, &self.path.join(name))?;
        self.disk.sync_directory(&self.path)
    }
}
