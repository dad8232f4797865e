//! Files that a crash left half way to their place or out of the log.

use std::io;
use std::path::Path;

use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_model::Offset;
use ottla_wire::records::{BATCH_OVERHEAD, BatchHeader};

use crate::files::{Files, offset_of};
use crate::segment::path;

/// Puts right what a crash within a deletion or a compaction left. Gives back what is there then.
///
/// Apache's cleaner writes `.cleaned` files, renames them to `.swap`, the highest offset first, then the originals to `.deleted`, and
/// last strips the `.swap`. As long as a `.cleaned` is left, the originals are there and the swap is undone; otherwise it is finished.
pub(super) fn clear_leftovers<D: Disk>(disk: &D, directory: &Path) -> io::Result<Files> {
    let found = Files::look(disk, directory)?;
    let names: Vec<&str> = found.names().filter(|name| is_left_over(name)).collect();
    if names.is_empty() {
        return Ok(found);
    }
    let remove = |name: &str| disk.remove_file(&directory.join(name));
    let mut first_cleaned = None;
    for name in names.iter().filter(|name| name.ends_with(".cleaned")) {
        first_cleaned = first_cleaned.into_iter().chain(base_of(name)).min();
        remove(name)?;
    }
    let swapped = |name: &&&str| name.ends_with(".swap");
    let is_undone = |base: Offset| first_cleaned.is_some_and(|first| base >= first);
    let finished: Vec<&str> = names
        .iter()
        .filter(swapped)
        .filter(|name| base_of(name).is_some_and(|base| !is_undone(base)))
        .copied()
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
        for base in found
            .offsets("log")
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
    for name in names.iter().filter(|name| is_deleted(name)) {
        remove(name)?;
    }
    disk.sync_directory(directory)?;
    Files::look(disk, directory)
}

fn is_left_over(name: &str) -> bool {
    is_deleted(name) || name.ends_with(".cleaned") || name.ends_with(".swap")
}

/// A segment's file on its way out. A snapshot of the metadata is no file of a segment.
fn is_deleted(name: &str) -> bool {
    name.ends_with(".deleted") && !name.ends_with(".checkpoint.deleted")
}

/// The offset that names a file of a segment.
fn base_of(name: &str) -> Option<Offset> {
    offset_of(name.split('.').next()?)
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
    found: &Files,
    bases: &[Offset],
) -> io::Result<()> {
    for extension in ["index", "timeindex", "txnindex"] {
        for base in found.offsets(extension) {
            if !bases.contains(&base) {
                disk.remove_file(&path(directory, base, extension))?;
            }
        }
    }
    Ok(())
}
