//! Files through the kernel's calls that name their position.

mod lock;
#[cfg(target_os = "linux")]
#[path = "disk/residence_linux.rs"]
mod residence;
#[cfg_attr(target_os = "linux", path = "disk/room_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "disk/room_portable.rs")]
mod room;
#[cfg(target_os = "linux")]
#[path = "disk/sync_all_linux.rs"]
mod sync_all;
#[cfg(not(target_os = "linux"))]
#[path = "disk/sync_all_portable.rs"]
mod sync_all;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;

use ottla_env::{DirectoryEntry, Disk, DiskEntry, DiskFile, DiskSpace, OpenMode};
use ottla_model::Timestamp;
use rustix::process::{Resource, getrlimit};

pub use lock::RealLock;
#[cfg(target_os = "linux")]
pub(crate) use residence::{Residence, read_resident, residence};

use crate::clock::to_timestamp;

/// The most slices one `writev` takes (`IOV_MAX`).
const MAX_SLICES: usize = 1024;

/// The machine's file systems.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = RealFile;
    type Lock = RealLock;

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<RealFile> {
        let mut options = OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => &mut options,
            OpenMode::ReadWrite => options.write(true),
            OpenMode::Create => options.write(true).create(true).truncate(false),
            OpenMode::Truncate => options.write(true).create(true).truncate(true),
        };
        Ok(RealFile {
            file: options.open(path)?,
        })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let mut entries = Vec::new();
        for found in fs::read_dir(directory)? {
            let found = found?;
            let kind = found.file_type()?;
            let is_directory = if kind.is_symlink() {
                // Removed since the directory was read, or a link to nothing: not there, and that is no error.
                let Some(entry) = self.entry(&found.path())? else {
                    continue;
                };
                entry.is_directory
            } else {
                kind.is_dir()
            };
            entries.push(DirectoryEntry {
                name: found.file_name().to_string_lossy().into_owned(),
                is_directory,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DiskEntry>> {
        let facts = match fs::metadata(path) {
            Ok(facts) => facts,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_directory = facts.is_dir();
        let length = if is_directory { 0 } else { facts.len() };
        Ok(Some(DiskEntry {
            name,
            is_directory,
            length,
        }))
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn sync_all(&self, path: &Path) -> io::Result<()> {
        sync_all::sync_all(path)
    }

    fn lock(&self, path: &Path) -> io::Result<RealLock> {
        RealLock::take(path)
    }

    fn space(&self, path: &Path) -> io::Result<DiskSpace> {
        let facts = rustix::fs::statvfs(path)?;
        Ok(DiskSpace {
            total: facts.f_blocks.saturating_mul(facts.f_frsize),
            free: facts.f_bavail.saturating_mul(facts.f_frsize),
        })
    }

    fn max_open(&self) -> Option<u64> {
        getrlimit(Resource::Nofile).current
    }
}

/// An open file of the machine.
#[derive(Debug)]
pub struct RealFile {
    file: File,
}

impl AsFd for RealFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self
                .file
                .read_at(&mut buffer[filled..], position + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, slices: &mut [IoSlice<'_>], position: u64) -> io::Result<()> {
        let mut slices = slices;
        let mut position = position;
        // Drops empty slices in front, so that a write of 0 can only mean a disk that takes nothing.
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let batch = &slices[..slices.len().min(MAX_SLICES)];
            match rustix::io::pwritev(&self.file, batch, position) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    IoSlice::advance_slices(&mut slices, written);
                    position += written as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn reserve(&self, position: u64, length: u64) {
        room::reserve(&self.file, position, length);
    }

    fn release(&self) -> io::Result<()> {
        room::release(&self.file)
    }

    fn sync(&self) -> io::Result<()> {
        // The data and what is needed to read it back, its length above all; not the times.
        self.file.sync_data()
    }

    fn modified(&self) -> io::Result<Timestamp> {
        Ok(to_timestamp(self.file.metadata()?.modified()?))
    }
}

#[cfg(test)]
mod tests;
