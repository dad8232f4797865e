//! Descriptors are taken when they are needed and given back: a log that nobody uses has none.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use ottla_env::{Disk, OpenMode};
use ottla_model::Offset;
use parking_lot::{Mutex, RwLock};

use crate::segment::path;

/// Segments of one log directory that are open at once. What a process may have open is not for one directory alone, and to
/// open a file again costs little against what is read from it or written to it.
const MAX_OPEN: usize = 8192;
/// However few descriptors there are.
const MIN_OPEN: usize = 16;

/// How many segments each of so many directories may have open, where the process may have `most` files and connections: half of these
/// are for connections and all else.
fn share(most: Option<u64>, directories: usize) -> usize {
    let most = most.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    });
    (most / 2 / directories.max(1)).clamp(MIN_OPEN, MAX_OPEN)
}

/// Where the files of a log are, for its owner and its readers alike.
pub(crate) struct Home<D: Disk> {
    pub(crate) disk: D,
    pub(crate) directory: PathBuf,
    open: Arc<OpenHandles<D>>,
    /// The log has no owner any more: other files may have its names by now.
    is_left: AtomicBool,
}

impl<D: Disk> Home<D> {
    pub(crate) fn new(disk: D, directory: PathBuf, open: Arc<OpenHandles<D>>) -> Self {
        Self {
            disk,
            directory,
            open,
            is_left: AtomicBool::new(false),
        }
    }

    /// No more files are opened for whoever still reads.
    pub(crate) fn leave(&self) {
        self.is_left.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.is_left.load(Ordering::SeqCst) {
            let problem = format!("the log in {} is closed", self.directory.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, problem));
        }
        Ok(())
    }

    fn open(&self, base: Offset) -> io::Result<D::File> {
        let file = self
            .disk
            .open(&path(&self.directory, base, "log"), OpenMode::ReadWrite)?;
        // Afterwards: what was opened while the log had its owner is its own.
        self.check()?;
        Ok(file)
    }
}

impl<D: Disk> fmt::Debug for Home<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Home({})", self.directory.display())
    }
}

/// The `.log` file of a segment, open while it is used. Whoever has it from here keeps it open.
pub(crate) struct Handle<D: Disk> {
    home: Arc<Home<D>>,
    base: Offset,
    file: RwLock<Option<Arc<D::File>>>,
    /// Since somebody looked last.
    is_used: AtomicBool,
}

impl<D: Disk> fmt::Debug for Handle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({:?}, {})", self.home, self.base)
    }
}

impl<D: Disk> Handle<D> {
    pub(crate) fn new(home: Arc<Home<D>>, base: Offset) -> Arc<Self> {
        Arc::new(Self {
            home,
            base,
            file: RwLock::default(),
            is_used: AtomicBool::new(false),
        })
    }

    pub(crate) fn home(&self) -> &Home<D> {
        &self.home
    }

    pub(crate) fn file(self: &Arc<Self>) -> io::Result<Arc<D::File>> {
        if !self.is_used.load(Ordering::Relaxed) {
            self.is_used.store(true, Ordering::Relaxed);
        }
        if let Some(file) = &*self.file.read() {
            return Ok(Arc::clone(file));
        }
        let file = {
            let mut slot = self.file.write();
            if let Some(file) = &*slot {
                return Ok(Arc::clone(file));
            }
            let file = Arc::new(self.home.open(self.base)?);
            *slot = Some(Arc::clone(&file));
            file
        };
        // With no lock held: this may be the one that is given back for it.
        self.home.open.add(self);
        Ok(file)
    }

    /// Whether it was used since this was asked last.
    pub(crate) fn was_used(&self) -> bool {
        self.is_used.swap(false, Ordering::Relaxed)
    }

    /// Who has the file keeps it; for anybody else it is opened again.
    pub(crate) fn give_back(&self) {
        *self.file.write() = None;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.file.read().is_some()
    }
}

/// The handles of a log directory that are open, bounded in their number: the one that was opened first and not used since goes
/// for the next.
pub(crate) struct OpenHandles<D: Disk> {
    /// In the order they were opened. One that was given back stays until its turn comes.
    handles: Mutex<VecDeque<Weak<Handle<D>>>>,
    max: AtomicUsize,
}

impl<D: Disk> Default for OpenHandles<D> {
    fn default() -> Self {
        Self::of(MAX_OPEN)
    }
}

impl<D: Disk> OpenHandles<D> {
    fn of(max: usize) -> Self {
        Self {
            handles: Mutex::default(),
            max: AtomicUsize::new(max),
        }
    }

    /// From now on, as one of so many directories.
    pub(crate) fn share(&self, disk: &D, directories: usize) {
        let max = share(disk.max_open(), directories);
        self.max.store(max, Ordering::Relaxed);
    }

    fn add(&self, handle: &Arc<Handle<D>>) {
        let mut handles = self.handles.lock();
        handles.push_back(Arc::downgrade(handle));
        let mut spared = 0;
        let max = self.max.load(Ordering::Relaxed);
        while handles.len() > max {
            let oldest = handles.pop_front().expect("there are more than the bound");
            let Some(handle) = oldest.upgrade().filter(|handle| handle.is_open()) else {
                continue;
            };
            // Once round all of them have had their second chance.
            if spared < max && handle.was_used() {
                handles.push_back(oldest);
                spared += 1;
            } else {
                handle.give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ottla_env::fake::{ManualClock, SeededDisk};
    use ottla_model::Timestamp;

    use super::*;

    fn handles(disk: &SeededDisk, count: i64, max: usize) -> Vec<Arc<Handle<SeededDisk>>> {
        let open = Arc::new(OpenHandles::of(max));
        let home = Arc::new(Home::new(disk.clone(), "/".into(), open));
        let handle = |base| {
            let file = path(Path::new("/"), Offset(base), "log");
            disk.open(&file, OpenMode::Create).expect("it is new");
            Handle::new(Arc::clone(&home), Offset(base))
        };
        (0..count).map(handle).collect()
    }

    #[test]
    fn of_many_no_more_are_open_than_may_be() {
        let disk = SeededDisk::new(ManualClock::new(Timestamp(0)));
        let handles = handles(&disk, 20, 4);
        for round in 0..3 {
            for handle in &handles {
                handle.file().expect("it is there");
                assert!(disk.open_files() <= 4, "round {round}");
            }
        }
        let held = handles[0].file().expect("it is there");
        for handle in &handles {
            handle.file().expect("it is there");
        }
        assert_eq!(disk.open_files(), 5, "one is kept by who has it");
        drop(held);
        assert_eq!(disk.open_files(), 4);
    }

    #[test]
    fn directories_share_half_of_what_may_be_open() {
        assert_eq!(share(None, 1), MAX_OPEN);
        assert_eq!(share(Some(1 << 20), 12), MAX_OPEN);
        assert_eq!(share(Some(4096), 1), 2048);
        assert_eq!(share(Some(4096), 4), 512);
        assert_eq!(share(Some(20), 4), MIN_OPEN);
    }

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let disk = SeededDisk::new(ManualClock::new(Timestamp(0)));
        let handles = handles(&disk, 20, 4);
        for handle in &handles[1..] {
            handles[0].file().expect("it is there");
            assert!(handle.file().is_ok());
        }
        assert!(handles[0].is_open());
    }

    #[test]
    fn without_its_owner_nothing_is_opened() {
        let disk = SeededDisk::new(ManualClock::new(Timestamp(0)));
        let handles = handles(&disk, 2, 4);
        let held = handles[0].file().expect("it is there");
        handles[0].home.leave();
        assert!(
            handles[0]
                .file()
                .is_ok_and(|file| Arc::ptr_eq(&file, &held))
        );
        assert!(handles[1].file().is_err());
        assert_eq!(disk.open_files(), 1);
    }
}
