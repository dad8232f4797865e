//! Where the kernel has no sync of a file system that waits for its end: each file below the path, one by one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

pub(super) fn sync_all(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        for found in fs::read_dir(path)? {
            sync_all(&found?.path())?;
        }
    }
    File::open(path)?.sync_all()
}
