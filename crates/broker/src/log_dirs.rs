//! The log directories of the node, as far as everybody may know them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ottla_model::Uuid;

/// All that are configured for partitions, in the order of the configuration.
pub(crate) struct LogDirs {
    dirs: Vec<LogDir>,
}

/// One of them.
pub(crate) struct LogDir {
    /// As the configuration has it.
    named: PathBuf,
    /// Absolute.
    pub(crate) path: PathBuf,
    /// `None` of one that could not be used at the start.
    pub(crate) id: Option<Uuid>,
    pub(crate) state: Arc<LogDirState>,
}

/// What may change of a directory while the node runs.
#[derive(Debug, Default)]
pub(crate) struct LogDirState {
    is_offline: AtomicBool,
    is_cordoned: AtomicBool,
}

impl LogDirs {
    /// `usable`: those of `paths` that are.
    pub(crate) fn new(paths: Vec<PathBuf>, usable: &[(PathBuf, Uuid)]) -> Self {
        let dirs = paths.into_iter().map(|path| {
            let known = usable.iter().find(|(other, _)| *other == path);
            let state = LogDirState::default();
            if known.is_none() {
                state.fail();
            }
            LogDir {
                id: known.map(|(_, id)| *id),
                state: Arc::new(state),
                path: absolute(&path),
                named: path,
            }
        });
        Self {
            dirs: dirs.collect(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &LogDir> {
        self.dirs.iter()
    }

    /// Those named get no new partitions from now on, and all others do. Gives their ids where that is news.
    pub(crate) fn cordon(&self, named: &[PathBuf]) -> Option<Vec<Uuid>> {
        let mut is_news = false;
        for dir in &self.dirs {
            let is_cordoned = named.contains(&dir.named);
            is_news |= dir.state.is_cordoned.swap(is_cordoned, Ordering::SeqCst) != is_cordoned;
        }
        is_news.then(|| self.cordoned())
    }

    /// The ids of those that get no new partitions.
    pub(crate) fn cordoned(&self) -> Vec<Uuid> {
        let cordoned = self.dirs.iter().filter(|dir| dir.state.is_cordoned());
        cordoned.filter_map(|dir| dir.id).collect()
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<&LogDir> {
        self.dirs.iter().find(|dir| dir.id == Some(id))
    }
}

impl LogDirState {
    pub(crate) fn fail(&self) {
        self.is_offline.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.is_offline.load(Ordering::SeqCst)
    }

    /// It gets no new partitions (KIP-1066).
    pub(crate) fn is_cordoned(&self) -> bool {
        self.is_cordoned.load(Ordering::SeqCst)
    }
}

/// As clients are told it. Where the process does not know where it is, its path is what it was given.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_could_not_be_used_at_the_start_is_offline() {
        let id = Uuid::from_u128(7);
        let paths = vec![PathBuf::from("/one"), PathBuf::from("/two")];
        let dirs = LogDirs::new(paths, &[("/two".into(), id)]);
        let is_offline = dirs.iter().map(|dir| dir.state.is_offline());
        assert_eq!(is_offline.collect::<Vec<_>>(), [true, false]);
        let known = dirs.by_id(id).map(|dir| dir.path.as_path());
        assert_eq!(known, Some(Path::new("/two")));
    }

    #[test]
    fn directories_are_cordoned_by_the_names_that_they_were_given() {
        let ids = [7, 8].map(Uuid::from_u128);
        let paths = ["/one", "/two", "/lost"].map(PathBuf::from);
        let usable = [(paths[0].clone(), ids[0]), (paths[1].clone(), ids[1])];
        let dirs = LogDirs::new(paths.to_vec(), &usable);
        assert_eq!(dirs.cordon(&[]), None);
        assert_eq!(dirs.cordon(&paths[1..]), Some(vec![ids[1]]));
        assert_eq!(dirs.cordon(&paths[1..]), None);
        assert_eq!(dirs.cordoned(), [ids[1]]);
        assert_eq!(dirs.cordon(&[]), Some(Vec::new()));
    }
}
