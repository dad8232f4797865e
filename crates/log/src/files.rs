use std::io;
use std::path::Path;

use ottla_env::Disk;
use ottla_model::Offset;

/// What is in a log's directory, by one look at it.
#[derive(Debug)]
pub(crate) struct Files {
    /// Sorted.
    names: Vec<String>,
}

impl Files {
    /// # Errors
    /// The disk's.
    pub(crate) fn look<D: Disk>(disk: &D, directory: &Path) -> io::Result<Self> {
        let entries = disk.list(directory)?;
        let names = entries.into_iter().map(|entry| entry.name).collect();
        Ok(Self { names })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names
            .binary_search_by(|other| other.as_str().cmp(name))
            .is_ok()
    }

    /// The offsets that name the files with this extension, ascending.
    pub(crate) fn offsets(&self, extension: &str) -> Vec<Offset> {
        let stems = self
            .names()
            .filter_map(|name| name.strip_suffix(extension)?.strip_suffix('.'));
        let mut found: Vec<Offset> = stems.filter_map(offset_of).collect();
        found.sort_unstable();
        found
    }
}

/// The offset that a file is named by, without its extensions.
pub(crate) fn offset_of(stem: &str) -> Option<Offset> {
    let offset = stem.parse().ok().map(Offset)?;
    (stem.len() == 20 && offset.is_known()).then_some(offset)
}
