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
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_model::Uuid;

use super::{LogDirectory, MAX_NAME_BYTES};
use crate::files::{Files, offset_of};
use crate::log::LogPoint;
use crate::recovery::{EPOCHS, read_file};
use crate::segment::{Durability, write_file};

const SUFFIX: &str = "-future";
/// Read and written at once.
const CHUNK: usize = 1 << 20;
/// When another look for what came meanwhile is not worth it any more. Bytes.
const NEARLY_ALL: u64 = 1 << 20;

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
    /// The disk's.
    pub fn begin(
        from: Arc<LogDirectory<D>>,
        to: Arc<LogDirectory<D>>,
        name: &str,
        unique: Uuid,
    ) -> io::Result<Self> {
        let mut directory = format!(".{:032x}{SUFFIX}", unique.as_u128());
        let room = MAX_NAME_BYTES - directory.len();
        directory.insert_str(0, &name[..name.len().min(room)]);
        let path = to.path.join(directory);
        to.disk.create_directories(&path)?;
        to.disk.sync_directory(&to.path)?;
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

    /// Copies once what there is by now, and adds it to `copied`, in bytes. False where so little was left that the rest may be copied while the log waits.
    ///
    /// # Errors
    /// The disk's.
    pub fn catch_up(&self, copied: &AtomicU64) -> io::Result<bool> {
        let bytes = self.copy(false)?;
        copied.fetch_add(bytes, Ordering::Relaxed);
        Ok(bytes > NEARLY_ALL)
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
    /// The disk's. The log is where it was then.
    pub fn take_over(&self, point: LogPoint, unique: Uuid) -> io::Result<PathBuf> {
        self.copy(true)?;
        self.to.checkpoints.adopt(&self.name, point)?;
        let aside = self.from.set_aside(&self.name, unique, "delete")?;
        let promoted = self.to.promote(&self.path, &self.name);
        if promoted.is_err() {
            let log = self.from.path.join(&self.name);
            self.from.disk.rename(&aside, &log)?;
        }
        promoted.map(|()| aside)
    }

    /// Makes the copy what the log is now, the last segment's indexes only if `is_last`. Gives how many bytes that took.
    fn copy(&self, is_last: bool) -> io::Result<u64> {
        let disk = &self.to.disk;
        let log = self.from.path.join(&self.name);
        let (files, copied) = (Files::look(disk, &log)?, Files::look(disk, &self.path)?);
        for gone in copied.names().filter(|name| !files.has(name)) {
            disk.remove_file(&self.path.join(gone))?;
        }
        let active = files.offsets("log").last().copied();
        let mut bytes = 0;
        for name in files.names().filter(|name| !name.ends_with(".tmp")) {
            let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
            let changes = name == EPOCHS || offset_of(stem) >= active;
            let copied = match extension {
                "log" => self.append_rest(&log, name),
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

    /// What is in a segment stays as it is: only what came behind is copied.
    fn append_rest(&self, log: &Path, name: &str) -> io::Result<u64> {
        let disk = &self.to.disk;
        let source = disk.open(&log.join(name), OpenMode::Read)?;
        let target = disk.open(&self.path.join(name), OpenMode::Create)?;
        let (begun, end) = (target.length()?, source.length()?);
        let mut at = begun;
        let mut buffer = BytesMut::zeroed(CHUNK);
        while at < end {
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
