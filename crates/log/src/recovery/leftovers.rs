//! Files that a crash left half way to their place or out of the log.

use std::io;
use std::path::Path;

use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_model::Offset;
use ottla_wire::records::{BATCH_OVERHEAD, BatchHeader};

use super::files;
use crate::segment::path;

/// Puts right what a crash within a deletion or a compaction left.
///
/// Apache's cleaner writes `.cleaned` files, renames them to `.swap`, the highest offset first, then the originals to `.deleted`, and
/// last strips the `.swap`. As long as a `.cleaned` is left, the originals are there and the swap is undone; otherwise it is finished.
pub(super) fn clear_leftovers<D: Disk>(disk: &D, directory: &Path) -> io::Result<()> {
    let names: Vec<String> = disk
        .list(directory)?
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    let remove = |name: &str| disk.remove_file(&directory.join(name));
    let mut first_cleaned = None;
    for name in names.iter().filter(|name| name.ends_with(".cleaned")) {
        first_cleaned = first_cleaned.into_iter().chain(base_of(name)).min();
        remove(name)?;
    }
    let swapped = |name: &&String| name.ends_with(".swap");
    let is_undone = |base: Offset| first_cleaned.is_some_and(|first| base >= first);
    let finished: Vec<&String> = names
        .iter()
        .filter(swapped)
        .filter(|name| base_of(name).is_some_and(|base| !is_undone(base)))
        .collect();
    for name in names
        .iter()
        .filter(swapped)
        .filter(|name| !finished.contains(name))
    {
        remove(name)?;
    }
    // The segments that the new ones stand for: all from the first of them up to what its batches reach.
    let logs = || finished.iter().filter(|name| name.ends_with(".log.swap"));
    if let Some(first) = logs().filter_map(|name| base_of(name)).min() {
        let mut end = first;
        for name in logs() {
            end = end.max(end_of_file(disk, &directory.join(name))?);
        }
        for base in files(disk, directory, "log")?
            .into_iter()
            .filter(|base| (first..end).contains(base))
        {
            for extension in ["log", "index", "timeindex", "txnindex"] {
                let path = path(directory, base, extension);
                if disk.entry(&path)?.is_some() {
                    disk.remove_file(&path)?;
                }
            }
        }
    }
    for name in &finished {
        let to = name
            .strip_suffix(".swap")
            .expect("only such names were taken");
        disk.rename(&directory.join(name), &directory.join(to))?;
    }
    for name in names
        .iter()
        .filter(|name| name.ends_with(".deleted") && !name.ends_with(".checkpoint.deleted"))
    {
        remove(name)?;
    }
    disk.sync_directory(directory)
}

/// The offset that names a file of a segment.
fn base_of(name: &str) -> Option<Offset> {
    name.split('.')
        .next()
        .filter(|stem| stem.len() == 20)?
        .parse()
        .ok()
        .map(Offset)
        .filter(|offset| offset.is_known())
}

/// The offset behind the last batch of a `.log` file.
fn end_of_file<D: Disk>(disk: &D, path: &Path) -> io::Result<Offset> {
    let file = disk.open(path, OpenMode::Read)?;
    let (mut position, mut end) = (0, Offset::ZERO);
    let mut bytes = [0; BATCH_OVERHEAD];
    while file.read_at(&mut bytes, position)? == BATCH_OVERHEAD {
        let Ok(header) = BatchHeader::parse(&bytes) else {
            break;
        };
        end = header.next_offset();
        position += header.size as u64;
    }
    Ok(end)
}

/// Removes indexes without a segment.
pub(super) fn remove_orphan_indexes<D: Disk>(
    disk: &D,
    directory: &Path,
    bases: &[Offset],
) -> io::Result<()> {
    for extension in ["index", "timeindex", "txnindex"] {
        for base in files(disk, directory, extension)? {
            if !bases.contains(&base) {
                disk.remove_file(&path(directory, base, extension))?;
            }
        }
    }
    Ok(())
}
