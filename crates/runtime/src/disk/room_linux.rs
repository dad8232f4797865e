//! Room for a file that is written behind its end: `fallocate`.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{FallocateFlags, fallocate, fstatvfs};

/// What `stat` counts a file's room in.
const BLOCK: u64 = 512;

/// Of a file system that has less than this part of it left, nothing is reserved: what is left is for what is really written.
const SCARCE: u64 = 16;

pub(super) fn reserve(file: &File, position: u64, length: u64) {
    if fstatvfs(file).is_ok_and(|facts| facts.f_bavail < facts.f_blocks / SCARCE) {
        return;
    }
    // Of a file system that has no such thing, or is full, the write itself will tell whatever there is to tell.
    let _ = fallocate(file, FallocateFlags::KEEP_SIZE, position, length);
}

pub(super) fn release(file: &File) -> io::Result<()> {
    let facts = file.metadata()?;
    let needed = facts.len().next_multiple_of(facts.blksize().max(BLOCK));
    if facts.blocks() * BLOCK > needed {
        // To the length it has: what is allocated beyond goes.
        file.set_len(facts.len())?;
    }
    Ok(())
}
