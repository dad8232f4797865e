//! The leader epochs of a log, and the file that tells of them.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ottla_env::Disk;
use ottla_model::{LeaderEpoch, Offset};
use parking_lot::Mutex;

use crate::dir::replace_file;
use crate::handle::Home;
use crate::leader_epochs::LeaderEpochs;
use crate::recovery::EPOCHS;
use crate::segment::{Durability, write_file};

/// The epochs as the owner has them.
///
/// A new one is written down with the first sync of what it brought: until then the recovery reads those batches anyway and learns
/// of their epochs from them. A start that leads ten thousand partitions in a new epoch writes nothing.
#[derive(Debug)]
pub(super) struct Epochs {
    current: Arc<LeaderEpochs>,
    /// The last of them has no records yet.
    is_last_unused: bool,
    /// How often those with records have changed.
    version: u64,
    saved: Arc<Mutex<Saved>>,
}

/// What the file has. Locked while it is written.
#[derive(Debug)]
struct Saved {
    version: u64,
    epochs: Arc<LeaderEpochs>,
}

impl Epochs {
    /// `recorded`: what the file says.
    pub(super) fn new(found: LeaderEpochs, recorded: LeaderEpochs) -> Self {
        let is_saved = found == recorded;
        let current = Arc::new(found);
        let epochs = if is_saved {
            Arc::clone(&current)
        } else {
            Arc::new(recorded)
        };
        Self {
            current,
            is_last_unused: false,
            version: u64::from(!is_saved),
            saved: Arc::new(Mutex::new(Saved { version: 0, epochs })),
        }
    }

    /// Where the readers see them.
    pub(super) fn publish(&self, shared: &ArcSwap<LeaderEpochs>) {
        shared.store(Arc::clone(&self.current));
    }

    /// Records that `epoch` begins at the log's `end`. True if that is news.
    pub(super) fn lead(&mut self, epoch: LeaderEpoch, end: Offset) -> bool {
        let is_new = self.assign(epoch, end);
        self.is_last_unused |= is_new;
        is_new
    }

    /// Records that there are batches of `epoch`, from `first` on. True if the epoch is news.
    pub(super) fn append(&mut self, epoch: LeaderEpoch, first: Offset) -> bool {
        let is_new = self.assign(epoch, first);
        if is_new || self.is_last_unused {
            self.version += 1;
            self.is_last_unused = false;
        }
        is_new
    }

    fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        // Most batches are of the epoch that is known: nothing is copied for them.
        if self.current.latest().is_some_and(|latest| latest >= epoch) {
            return false;
        }
        Arc::make_mut(&mut self.current).assign(epoch, start)
    }

    /// Forgets what lies below the log's new start.
    pub(super) fn truncate_start(&mut self, start: Offset) {
        self.version += 1;
        Arc::make_mut(&mut self.current).truncate_start(start);
    }

    /// The file is nobody's any more, or another log's by now: nothing is written to it from here on, by a sync that still runs neither.
    pub(super) fn leave(&self) {
        self.saved.lock().version = u64::MAX;
    }

    /// What the file does not have yet; `None` where that is nothing that records are of.
    pub(super) fn unsaved<D: Disk>(&self, home: &Arc<Home<D>>) -> Option<UnsavedEpochs<D>> {
        let is_unsaved = self.saved.lock().version < self.version;
        is_unsaved.then(|| UnsavedEpochs {
            home: Arc::clone(home),
            epochs: Arc::clone(&self.current),
            version: self.version,
            saved: Arc::clone(&self.saved),
        })
    }
}

/// Epochs on their way into the file, on whatever thread.
#[derive(Debug)]
pub(super) struct UnsavedEpochs<D: Disk> {
    home: Arc<Home<D>>,
    epochs: Arc<LeaderEpochs>,
    version: u64,
    saved: Arc<Mutex<Saved>>,
}

impl<D: Disk> UnsavedEpochs<D> {
    pub(super) fn save(&self, durability: Durability) -> io::Result<()> {
        let mut saved = self.saved.lock();
        if saved.version >= self.version {
            return Ok(());
        }
        let (disk, directory) = (&self.home.disk, &self.home.directory);
        let text = self.epochs.to_text();
        // One line more than the head said: what a power cut leaves of that in its place is no such file, and made anew.
        let can_be_written_over = self.epochs.begins_with(&saved.epochs);
        if durability == Durability::Later && can_be_written_over {
            write_file(disk, &directory.join(EPOCHS), text.as_bytes(), durability)?;
        } else {
            replace_file(disk, directory, EPOCHS, text.as_bytes())?;
        }
        saved.version = self.version;
        saved.epochs = Arc::clone(&self.epochs);
        Ok(())
    }
}
