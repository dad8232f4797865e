//! The lock on a log directory. It is the kind that Java's `FileChannel.lock` takes (POSIX record locks over the whole file),
//! so that Apache's broker and ours keep each other out.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

/// Device and inode.
type Identity = (u64, u64);

/// The files this process holds. The kernel keeps one process out of another's lock but not out of its own, and closing *any*
/// descriptor of a file lets go of the process's locks on it: so we must know before we open the file once more.
static HELD: Mutex<BTreeSet<Identity>> = Mutex::new(BTreeSet::new());

/// A lock held until dropped.
#[derive(Debug)]
pub struct RealLock {
    /// The lock lives as long as this descriptor, and is gone with the process. `None` only while dropping.
    file: Option<File>,
    identity: Identity,
}

impl RealLock {
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        let mut held = HELD.lock();
        match std::fs::metadata(path) {
            Ok(facts) if held.contains(&(facts.dev(), facts.ino())) => {
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).map_err(
            |error| match error {
                // POSIX lets a system answer either.
                Errno::AGAIN | Errno::ACCESS => ErrorKind::WouldBlock.into(),
                other => io::Error::from(other),
            },
        )?;
        let facts = file.metadata()?;
        let identity = (facts.dev(), facts.ino());
        held.insert(identity);
        Ok(Self {
            file: Some(file),
            identity,
        })
    }
}

impl Drop for RealLock {
    fn drop(&mut self) {
        let mut held = HELD.lock();
        // Closed before anybody of this process may take it anew: closing later would let go of theirs.
        drop(self.file.take());
        held.remove(&self.identity);
    }
}
