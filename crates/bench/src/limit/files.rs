use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::room::check_room;
use crate::size::Size;

/// Files in a directory of their own, which goes with this value.
pub(super) struct Files {
    directory: PathBuf,
    files: Vec<Appended>,
}

/// A file and its length.
pub(super) struct Appended {
    pub(super) file: File,
    pub(super) length: u64,
}

impl Appended {
    /// Behind what is there.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.length)?;
        self.length += bytes.len() as u64;
        Ok(())
    }
}

impl Files {
    /// # Errors
    /// When there is no room for `bytes` in the file system of `parent`, or it fails.
    pub(super) fn create(parent: &Path, count: u16, bytes: Size) -> io::Result<Self> {
        check_room(parent, bytes)?;
        let directory = parent.join(format!("ottla-bench-limit-{}", std::process::id()));
        fs::create_dir(&directory)?;
        let mut created = Self {
            directory,
            files: Vec::new(),
        };
        for number in 0..count {
            let path = created.directory.join(number.to_string());
            let file = File::create_new(path)?;
            created.files.push(Appended { file, length: 0 });
        }
        Ok(created)
    }

    pub(super) fn empty(&mut self) -> io::Result<()> {
        for appended in &mut self.files {
            appended.file.set_len(0)?;
            appended.length = 0;
        }
        Ok(())
    }

    /// Spreads at least so many bytes over the files, in place of what they hold, and one batch to each at least.
    pub(super) fn fill(&mut self, bytes: Size, batch: Size) -> io::Result<()> {
        self.empty()?;
        let piece = vec![0x6f; batch.length()];
        let pieces = bytes.0.div_ceil(batch.0).max(self.files.len() as u64);
        for number in 0..pieces {
            self.at_mut(number).append(&piece)?;
        }
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    pub(super) fn at(&self, index: usize) -> &Appended {
        &self.files[index]
    }

    /// Round robin.
    pub(super) fn at_mut(&mut self, turn: u64) -> &mut Appended {
        let count = self.files.len() as u64;
        &mut self.files[(turn % count) as usize]
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("ottla-bench: {} stays: {error}", self.directory.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::MIB;

    #[test]
    fn files_are_filled_emptied_and_gone_with_their_owner() {
        let parent = std::env::temp_dir();
        let mut files = Files::create(&parent, 3, Size(1)).unwrap();
        let directory = files.directory.clone();
        files.at_mut(4).append(b"abc").unwrap();
        assert_eq!(fs::read(directory.join("1")).unwrap(), b"abc");
        files.fill(Size(4 * MIB), Size(MIB)).unwrap();
        let lengths: Vec<_> = (0..3).map(|index| files.at(index).length / MIB).collect();
        assert_eq!(lengths, [2, 1, 1]);
        drop(files);
        assert!(!directory.exists());
    }

    #[test]
    fn no_more_is_begun_than_there_is_room_for() {
        let refused = Files::create(&std::env::temp_dir(), 1, Size(u64::MAX));
        assert_eq!(refused.err().unwrap().kind(), io::ErrorKind::StorageFull);
    }
}
