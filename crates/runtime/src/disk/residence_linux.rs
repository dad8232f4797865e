//! Reading what is in the page cache without waiting for the disk: `preadv2` with `RWF_NOWAIT`.

use std::fs::File;
use std::io::{self, IoSliceMut};
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

pub(super) fn read(file: &File, buffer: &mut [u8], position: u64) -> io::Result<Option<usize>> {
    match read_without_waiting(file, buffer, position) {
        Ok(read) => Ok(Some(read)),
        Err(Errno::AGAIN | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the byte at `position` is. The end of the file and errors count as memory: the read that follows tells.
pub(crate) fn residence(file: impl AsFd, position: u64) -> Residence {
    match read_without_waiting(file, &mut [0], position) {
        Err(Errno::AGAIN) => Residence::Disk,
        Err(Errno::OPNOTSUPP) => Residence::Unknown,
        Ok(_) | Err(_) => Residence::Memory,
    }
}

fn read_without_waiting(file: impl AsFd, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
    rustix::io::retry_on_intr(|| {
        preadv2(
            &file,
            &mut [IoSliceMut::new(&mut *buffer)],
            position,
            ReadWriteFlags::NOWAIT,
        )
    })
}
