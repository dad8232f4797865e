//! The files of a data directory as one row of bytes, which a fuzzer changes and a generator of seeds writes.
//!
//! ```text
//! flags: u8, then for each file   kind: u8   folder: u8   offset: u16   length: u16   contents
//! ```
//!
//! Every row of bytes is some files: what a length promises beyond the end is not there, and a kind or folder is taken modulo their number.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use ottla_env::fake::SeededDisk;
use ottla_env::{Disk, DiskFile, OpenMode};

use crate::checksums;

/// The one log directory.
pub const DATA: &str = "/data";

/// The folders that files lie in, below [`DATA`].
pub const FOLDERS: [&str; 8] = [
    METADATA,
    "__consumer_offsets-0",
    "__consumer_offsets-1",
    "__consumer_offsets-2",
    "topic-0-0",
    "topic-0-1",
    "topic-1-0",
    "topic-2-0",
];
/// That of the metadata log.
pub const METADATA: &str = "__cluster_metadata-0";

/// The names of files; `#` stands for an offset of twenty digits.
const KINDS: [&str; 20] = [
    "#.log",
    "#.index",
    "#.timeindex",
    "#.snapshot",
    "#.txnindex",
    "#-0000000001.checkpoint",
    "leader-epoch-checkpoint",
    "partition.metadata",
    "quorum-state",
    "#.log.swap",
    "#.log.cleaned",
    "#.log.deleted",
    "#.index.swap",
    // Of the directory itself, whatever the folder.
    "/meta.properties",
    "/.kafka_cleanshutdown",
    "/recovery-point-offset-checkpoint",
    "/log-start-offset-checkpoint",
    "/replication-offset-checkpoint",
    "/bootstrap.checkpoint",
    "/cleaner-offset-checkpoint",
];

/// Set where checksums are made right.
const RIGHT_CHECKSUMS: u8 = 1;

/// Writes files, given by their paths, into a row; those that it has no kind or folder for are left out.
pub fn pack<'a>(files: impl IntoIterator<Item = (&'a Path, &'a [u8])>) -> Vec<u8> {
    let mut row = vec![RIGHT_CHECKSUMS];
    for (path, contents) in files {
        let Some(head) = head(path) else { continue };
        let contents = &contents[..contents.len().min(usize::from(u16::MAX))];
        row.extend(head);
        row.extend((contents.len() as u16).to_be_bytes());
        row.extend_from_slice(contents);
    }
    row
}

/// Kind, folder and offset.
fn head(path: &Path) -> Option<[u8; 4]> {
    let path = path.strip_prefix(DATA).ok()?;
    let name = path.file_name()?.to_str()?;
    let folder = path.parent()?.to_str()?;
    let (folder, name, offset) = if folder.is_empty() {
        (0, format!("/{name}"), 0)
    } else {
        let folder = FOLDERS.iter().position(|known| *known == folder)?;
        let digits = name.get(..20).and_then(|digits| digits.parse::<u64>().ok());
        match digits {
            Some(offset) => (
                folder,
                format!("#{}", &name[20..]),
                u16::try_from(offset).ok()?,
            ),
            None => (folder, name.to_owned(), 0),
        }
    };
    let is_checkpoint = name.ends_with(".checkpoint") && name.starts_with('#');
    let kind = KINDS.iter().position(|known| {
        *known == name
            || (is_checkpoint && known.starts_with('#') && known.ends_with(".checkpoint"))
    })?;
    let [high, low] = offset.to_be_bytes();
    Some([kind as u8, folder as u8, high, low])
}

/// The files of a row, by their paths, with right checksums where the row asks for them.
pub fn unpack(row: &[u8]) -> Vec<(PathBuf, Vec<u8>)> {
    let Some((&flags, mut rest)) = row.split_first() else {
        return Vec::new();
    };
    let mut files = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<6>() {
        let [kind, folder, high, low, length_high, length_low] = *head;
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let (contents, next) = behind.split_at(length.min(behind.len()));
        rest = next;
        let offset = u16::from_be_bytes([high, low]);
        let kind = KINDS[usize::from(kind) % KINDS.len()];
        let name = kind.replace('#', &format!("{offset:020}"));
        let data = Path::new(DATA);
        let path = match name.strip_prefix('/') {
            Some(name) => data.join(name),
            None => data
                .join(FOLDERS[usize::from(folder) % FOLDERS.len()])
                .join(name),
        };
        let mut contents = contents.to_vec();
        if flags & RIGHT_CHECKSUMS != 0 {
            if kind.ends_with(".snapshot") {
                checksums::of_producer_snapshot(&mut contents);
            } else if kind.contains(".log") || kind.ends_with(".checkpoint") {
                checksums::of_batches(&mut contents);
            }
        }
        files.push((path, contents));
    }
    files
}

/// Puts files on a disk, durably.
pub fn write(disk: &SeededDisk, files: &[(PathBuf, Vec<u8>)]) {
    for (path, contents) in files {
        let folder = path.parent().expect("a file lies somewhere");
        disk.create_directories(folder).expect("the disk works");
        let file = disk.open(path, OpenMode::Truncate).expect("the disk works");
        file.write_at(&mut [IoSlice::new(contents)], 0)
            .and_then(|()| file.sync())
            .and_then(|()| disk.sync_directory(folder))
            .expect("the disk works");
    }
}

/// All files below [`DATA`].
pub fn read(disk: &SeededDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(DATA)];
    while let Some(folder) = folders.pop() {
        for entry in disk.list(&folder).expect("the disk works") {
            let path = folder.join(entry.name);
            if entry.is_directory {
                folders.push(path);
                continue;
            }
            let file = disk.open(&path, OpenMode::Read).expect("it is there");
            let length = file.length().expect("the disk works");
            let mut contents = vec![0; usize::try_from(length).expect("it is small")];
            file.read_at(&mut contents, 0).expect("the disk works");
            found.push((path, contents));
        }
    }
    found
}
