//! Whether there is room for what is to be written.

use std::io;
use std::path::Path;

use crate::size::{MIB, Size};

/// # Errors
/// When the file system of `directory` has less than `bytes` left, or fails.
pub(crate) fn check_room(directory: &Path, bytes: Size) -> io::Result<()> {
    let room = rustix::fs::statvfs(directory)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free >= bytes.0 {
        return Ok(());
    }
    let problem = format!(
        "{} has {} MiB left, and {} MiB are to be written at a time",
        directory.display(),
        free / MIB,
        bytes.0.div_ceil(MIB)
    );
    Err(io::Error::new(io::ErrorKind::StorageFull, problem))
}
