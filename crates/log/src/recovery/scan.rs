//! Reads a segment batch by batch, as far as its batches are whole and right.

use std::io;

use ottla_env::{Disk, DiskFile};
use ottla_model::{LeaderEpoch, Offset};
use ottla_wire::records::{Batch, BatchError, BatchHeader};

use super::Holes;
use crate::indexes::Indexes;
use crate::leader_epochs::LeaderEpochs;
use crate::options::LogOptions;
use crate::segment::Segment;

/// What is in a segment.
pub(super) struct Scan {
    pub(super) indexes: Indexes,
    /// Of whole and right batches.
    pub(super) size: u64,
    pub(super) end: Offset,
    /// No offset is missing between the base and the end.
    pub(super) is_contiguous: bool,
    /// Ascending.
    pub(super) epochs: Vec<EpochRun>,
    pub(super) problem: Option<String>,
}

/// Neighbouring batches of one leader epoch.
pub(super) struct EpochRun {
    pub(super) epoch: LeaderEpoch,
    pub(super) first: Offset,
    last: Offset,
}

impl EpochRun {
    /// Whether `told`, which may know nothing below `log_start` and not yet of the newest epoch, says the same.
    pub(super) fn is_told_by(&self, told: &LeaderEpochs, log_start: Offset) -> bool {
        let is_old = self.last < log_start;
        let is_new = told.latest().is_none_or(|latest| latest < self.epoch);
        let says_so = |offset| told.epoch_of(offset) == self.epoch;
        is_old || is_new || (says_so(self.first.max(log_start)) && says_so(self.last))
    }
}

/// Reads all batches of a segment.
pub(super) fn scan<D: Disk>(
    segment: &Segment<D>,
    options: &LogOptions,
    holes: Holes,
) -> io::Result<Scan> {
    let mut scan = Scan {
        indexes: Indexes::default(),
        size: 0,
        end: segment.base,
        is_contiguous: true,
        epochs: Vec::new(),
        problem: None,
    };
    let length = segment.size();
    while scan.size < length {
        match read_checked(segment, scan.size, scan.end, holes)? {
            Ok(header) => {
                scan.indexes.note(
                    segment.base,
                    &header,
                    scan.size,
                    options.index_interval_bytes,
                );
                scan.size += header.size as u64;
                scan.is_contiguous &= header.base_offset == scan.end;
                scan.end = header.next_offset();
                match scan.epochs.last_mut() {
                    Some(run) if run.epoch >= header.leader_epoch => {
                        run.last = header.last_offset()
                    }
                    Some(_) | None => scan.epochs.push(EpochRun {
                        epoch: header.leader_epoch,
                        first: header.base_offset,
                        last: header.last_offset(),
                    }),
                }
            }
            Err(problem) => {
                scan.problem = Some(problem);
                break;
            }
        }
    }
    scan.indexes.close_times(segment.base);
    Ok(scan)
}

/// Whether an epoch of the quorum begins behind what is damaged. Its leader has all on disk before it writes the control batch that begins
/// it, so no write was torn there.
pub(super) fn begins_epoch_behind<D: Disk>(segment: &Segment<D>, scan: &Scan) -> io::Result<bool> {
    let left = usize::try_from(segment.size() - scan.size).map_err(io::Error::other)?;
    let mut bytes = vec![0; left];
    let read = segment.file()?.read_at(&mut bytes, scan.size)?;
    bytes.truncate(read);
    Ok((1..bytes.len()).any(|at| {
        let Ok(header) = BatchHeader::parse(&bytes[at..]) else {
            return false;
        };
        let whole = bytes.get(at..at + header.size);
        header.attributes.is_control()
            && header.base_offset > scan.end
            && whole
                .is_some_and(|whole| Batch::parse(whole).is_ok_and(|batch| batch.check().is_ok()))
    }))
}

/// The batch at `position` if it is whole, right, and where `expected` says or, if there may be holes, behind.
fn read_checked<D: Disk>(
    segment: &Segment<D>,
    position: u64,
    expected: Offset,
    holes: Holes,
) -> io::Result<Result<BatchHeader, String>> {
    let header = match segment.header_at(position) {
        Ok(Some(header)) => header,
        Ok(None) => return Ok(Err("it ends".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Ok(Err(error.to_string()));
        }
        Err(error) => return Err(error),
    };
    if header.base_offset < expected {
        return Ok(Err(format!(
            "offset {} comes again, expected {expected}",
            header.base_offset
        )));
    }
    if header.base_offset > expected && holes == Holes::Never {
        return Ok(Err(format!(
            "offset {} follows, expected {expected}",
            header.base_offset
        )));
    }
    let left = segment.size() - position;
    if header.size as u64 > left {
        return Ok(Err(BatchError::Truncated {
            expected: header.size,
            found: left as usize,
        }
        .to_string()));
    }
    let bytes = segment.read_batch(position, &header)?;
    let checked = Batch::parse(&bytes).and_then(|batch| batch.check());
    Ok(checked.map(|()| header).map_err(|error| error.to_string()))
}
