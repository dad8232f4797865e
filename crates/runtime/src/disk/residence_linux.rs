//! Whether a read would have to wait for the disk: `preadv2` with `RWF_NOWAIT` tells.

use std::io::IoSliceMut;
use std::os::fd::AsFd;

use rustix::io::{Errno, ReadWriteFlags, preadv2};

/// Where a read would find its byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residence {
    Memory,
    Disk,
    /// The file system cannot say.
    Unknown,
}

/// Where the byte at `position` is. The end of the file and errors count as memory: the read that follows tells.
pub(crate) fn residence(file: impl AsFd, position: u64) -> Residence {
    let read = rustix::io::retry_on_intr(|| {
        preadv2(
            &file,
            &mut [IoSliceMut::new(&mut [0])],
            position,
            ReadWriteFlags::NOWAIT,
        )
    });
    match read {
        Err(Errno::AGAIN) => Residence::Disk,
        Err(Errno::OPNOTSUPP) => Residence::Unknown,
        Ok(_) | Err(_) => Residence::Memory,
    }
}

/// Reads `buffer.len()` bytes from `position` on if all of them are in memory. False: nothing is known about them.
pub(crate) fn read_resident(file: impl AsFd, buffer: &mut [u8], position: u64) -> bool {
    let length = buffer.len();
    let read = rustix::io::retry_on_intr(|| {
        preadv2(
            &file,
            &mut [IoSliceMut::new(buffer)],
            position,
            ReadWriteFlags::NOWAIT,
        )
    });
    read == Ok(length)
}
