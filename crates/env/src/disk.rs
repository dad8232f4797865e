use std::io::{self, IoSlice};
use std::path::Path;

use ottla_model::Timestamp;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// For reading; it must exist.
    Read,
    /// For reading and writing; it must exist.
    ReadWrite,
    /// For reading and writing; created empty when missing.
    Create,
    /// For reading and writing; cut to nothing, or created.
    Truncate,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    pub name: String,
    pub is_directory: bool,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskEntry {
    pub name: String,
    pub is_directory: bool,
    /// Bytes; 0 for a directory.
    pub length: u64,
}

/// A file system's room, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    pub total: u64,
    pub free: u64,
}

/// A file system. Every call may block and may fail at any time, with the kernel's errors.
///
/// What a crash of the machine leaves: file contents up to the last [`DiskFile::sync`] of that file, names up to the last
/// [`Disk::sync_directory`] of that directory, and of everything later any part, torn in any way. A crash of the process
/// alone keeps all that was done. [`Disk::sync_all`] is both of them for all files and directories.
pub trait Disk: Clone + Send + Sync + 'static {
    type File: DiskFile;
    /// Held by one process at a time; released when dropped, and by a crash.
    type Lock: Send + Sync + 'static;

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Self::File>;
    /// Sorted by name. Looks at the directory alone, and not at what is in it.
    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>>;
    /// What is at `path`, or `None`.
    fn entry(&self, path: &Path) -> io::Result<Option<DiskEntry>>;
    fn create_directories(&self, path: &Path) -> io::Result<()>;
    /// Replaces `to` in one step. Directories too, when `to` does not exist.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes creations, renames and removals in `directory` outlive a crash of the machine.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
    /// Makes all that was done in the file system of `path` outlive a crash of the machine, contents and names: one sync where
    /// there would be thousands. What others have written there is waited for, too. After an error nothing is known about what did.
    fn sync_all(&self, path: &Path) -> io::Result<()>;
    /// Creates the file when missing. `WouldBlock` when another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Self::Lock>;
    fn space(&self, path: &Path) -> io::Result<DiskSpace>;
    /// How many files and connections the process may have open at once; `None` where any number.
    fn max_open(&self) -> Option<u64> {
        None
    }
}

/// An open file. Reading and writing name their position; there is no cursor.
pub trait DiskFile: Send + Sync + 'static {
    /// Fills `buffer` from `position` on; less only where the file ends.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;

    /// Writes all the slices one behind the other from `position` on. After an error any part of them may be there.
    fn write_at(&self, slices: &mut [IoSlice<'_>], position: u64) -> io::Result<()>;

    fn length(&self) -> io::Result<u64>;
    /// Cuts, or extends with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Takes room on the disk for what is about to be written from `position` on; contents and length stay as they are. Writing is cheaper
    /// where the room is there already. It is never needed: where it cannot be had, or the disk is nearly full, nothing happens.
    fn reserve(&self, position: u64, length: u64);
    /// Gives back what was reserved beyond the end. A crash of the process leaves it reserved, and whoever opens the file next can give it back.
    fn release(&self) -> io::Result<()>;
    /// Makes the contents and the length outlive a crash of the machine. After an error nothing is known about what did.
    fn sync(&self) -> io::Result<()>;
    fn modified(&self) -> io::Result<Timestamp>;
}
