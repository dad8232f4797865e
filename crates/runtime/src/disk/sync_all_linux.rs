//! The kernel's sync of a whole file system.

use std::fs::File;
use std::io;
use std::path::Path;

/// Kernels before 5.8 tell nothing of what they could not write.
pub(super) fn sync_all(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(path)?)?)
}
