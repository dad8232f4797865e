//! Opening a log: what is on disk becomes what is in memory, and what a crash left behind is put right.
//!
//! After a clean stop nothing is scanned but the last segment, whose indexes end the log. After a crash every segment from the recovery
//! point on is read batch by batch: the first batch that is not whole and right ends the log there; its indexes, the producers
//! and the leader epochs are made to agree.

mod leftovers;
mod scan;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_model::{Offset, Timestamp, TopicId};
use ottla_wire::records::Batch;
use thiserror::Error;

use leftovers::{clear_leftovers, remove_orphan_indexes};
use scan::{begins_epoch_behind, scan};

use crate::leader_epochs::LeaderEpochs;
use crate::offset_index::OffsetIndex;
use crate::options::LogOptions;
use crate::producer_snapshot;
use crate::producer_state::ProducerState;
use crate::segment::{Indexes, Segment, path};
use crate::time_index::TimeIndex;
use crate::transaction_marker::{ends_transaction, read_marker};

/// Why a log cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("{path} belongs to topic id {found}, expected {expected}")]
    TopicId {
        path: PathBuf,
        expected: TopicId,
        found: TopicId,
    },
    #[error(
        "{segment}: {problem} at byte {at}, and what was there was on disk: put back a copy of the file, or, if all that is recorded behind it may be lost, cut it there and remove the segments that follow"
    )]
    Damaged {
        segment: PathBuf,
        at: u64,
        problem: String,
    },
    #[error(
        "{path}: the records from offset {expected} on are missing: put back a copy of the segment that has them"
    )]
    Missing { path: PathBuf, expected: Offset },
}

/// What was found and mended.
pub(crate) struct Recovered<F> {
    pub(crate) segments: Vec<Arc<Segment<F>>>,
    pub(crate) producers: ProducerState,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) end: Offset,
}

/// Whether offsets may be missing between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holes {
    /// Compaction leaves them.
    Anywhere,
    /// The topic only deletes. There may be some from when it was compacted, but not behind a segment that has none.
    OfEarlierCompaction,
    /// Nothing is ever taken out of this log: the metadata's, which nobody may replay across a hole.
    Never,
}

impl Holes {
    pub(crate) fn of(topic: TopicId, options: &LogOptions) -> Self {
        if topic == TopicId::METADATA {
            Self::Never
        } else if options.deletes {
            Self::OfEarlierCompaction
        } else {
            Self::Anywhere
        }
    }
}

/// The leader epochs' file.
pub(crate) const EPOCHS: &str = "leader-epoch-checkpoint";

pub(crate) fn recover<D: Disk>(
    disk: &D,
    directory: &Path,
    options: &LogOptions,
    holes: Holes,
    log_start: Offset,
    recovery_point: Offset,
    clean: bool,
) -> Result<Recovered<D::File>, OpenError> {
    let fails = |error| OpenError::Io {
        path: directory.to_path_buf(),
        error,
    };
    clear_leftovers(disk, directory).map_err(fails)?;
    let mut bases = files(disk, directory, "log").map_err(fails)?;
    let missing = |expected| OpenError::Missing {
        path: directory.to_path_buf(),
        expected,
    };
    if holes == Holes::Never
        && bases.len() > 1
        && is_empty(disk, &path(directory, bases[0], "log")).map_err(fails)?
    {
        // A start began it that found none of the others. They have been put back.
        remove_segments(disk, directory, &bases[..1]).map_err(fails)?;
        bases.remove(0);
    }
    if bases.is_empty() {
        if holes == Holes::Never && recovery_point > log_start {
            return Err(missing(log_start));
        }
        drop(begin(disk, directory, log_start).map_err(fails)?);
        bases.push(log_start);
    }
    remove_orphan_indexes(disk, directory, &bases).map_err(fails)?;
    let mut segments: Vec<Arc<Segment<D::File>>> = Vec::with_capacity(bases.len());
    let mut end = log_start;
    // Whether the segment before may be torn, and has all offsets from its base to its end.
    let mut is_whole = false;
    let mut told = read_epochs(disk, directory)?;
    let mut begun = Vec::new();
    for (i, base) in bases.iter().copied().enumerate() {
        // The tail of the segment before may be lost at the border of a batch.
        let is_behind_a_gap = base > end
            && match holes {
                Holes::Anywhere => false,
                Holes::OfEarlierCompaction => is_whole,
                Holes::Never => true,
            };
        if !clean && i > 0 && (base < end || is_behind_a_gap) {
            // What is before a segment is on disk before that is begun: no crash has taken it.
            if holes == Holes::Never {
                return Err(missing(end));
            }
            tracing::warn!(segment = %path(directory, base, "log").display(), expected = %end, "does not follow: removed, and all behind it");
            remove_segments(disk, directory, &bases[i..]).map_err(fails)?;
            break;
        }
        let segment = Segment::open(disk, directory, base, OpenMode::ReadWrite).map_err(fails)?;
        let next = bases.get(i + 1).copied();
        let must_scan = !clean && next.is_none_or(|next| next > recovery_point);
        let loaded = if must_scan {
            None
        } else {
            load(disk, directory, &segment, next).map_err(fails)?
        };
        if let Some(behind) = loaded {
            end = behind;
            is_whole = false;
            segments.push(Arc::new(segment));
            continue;
        }
        let scan = scan(&segment, options, holes).map_err(fails)?;
        if let Some(problem) = &scan.problem
            && holes == Holes::Never
        {
            let was_on_disk = next.is_some()
                || scan.end < recovery_point
                || begins_epoch_behind(&segment, &scan).map_err(fails)?;
            if was_on_disk {
                return Err(OpenError::Damaged {
                    segment: path(directory, base, "log"),
                    at: scan.size,
                    problem: problem.clone(),
                });
            }
        }
        end = scan.end.max(base);
        is_whole = must_scan && scan.is_contiguous;
        let is_right = |told: &LeaderEpochs| {
            // No checkpoint tells where the metadata log begins.
            let start = match holes {
                Holes::Never => told.start().unwrap_or(log_start),
                Holes::Anywhere | Holes::OfEarlierCompaction => log_start,
            };
            scan.epochs.iter().all(|run| run.is_told_by(told, start))
        };
        if told.as_ref().is_some_and(|told| !is_right(told)) {
            tracing::warn!(file = %directory.join(EPOCHS).display(), "the batches say otherwise: it is made anew");
            told = None;
        }
        begun.extend(scan.epochs);
        // Where all was on disk already no write was torn: what is damaged there says nothing of the segments behind.
        let is_torn = scan.problem.is_some() && (must_scan || next.is_none());
        if let Some(problem) = &scan.problem {
            let segment_path = path(directory, base, "log");
            if is_torn {
                tracing::warn!(segment = %segment_path.display(), at = scan.size, %problem, "the log ends here: what follows is no batch");
                // First: once the segment is cut, nothing tells that the others do not follow it.
                remove_segments(disk, directory, &bases[i + 1..]).map_err(fails)?;
            } else {
                tracing::error!(segment = %segment_path.display(), at = scan.size, %problem, "damaged, and cut here: the records up to the next segment are lost");
            }
            segment.file.set_length(scan.size).map_err(fails)?;
            segment.file.sync().map_err(fails)?;
        }
        segment.set_size(scan.size);
        *segment.indexes.write() = scan.indexes;
        if next.is_some() && !is_torn {
            segment.write_indexes(disk, directory).map_err(fails)?;
        }
        segments.push(Arc::new(segment));
        if is_torn {
            break;
        }
    }
    if end < log_start {
        tracing::warn!(log = %directory.display(), %end, %log_start, "ends before its start, and so holds nothing: begun anew there");
        return begin_anew(disk, directory, log_start).map_err(fails);
    }
    let mut epochs = match told {
        Some(told) => told,
        // Every batch carries its epoch: the file can be made anew.
        None => epochs_of(&segments).map_err(fails)?,
    };
    epochs.truncate_end(end);
    // A batch may be on disk before the file that tells of its epoch.
    for run in begun {
        epochs.assign(run.epoch, run.first);
    }
    let producers = load_producers(disk, directory, &segments, end).map_err(fails)?;
    Ok(Recovered {
        segments,
        producers,
        epochs,
        end,
    })
}

fn is_empty<D: Disk>(disk: &D, file: &Path) -> io::Result<bool> {
    Ok(disk.open(file, OpenMode::Read)?.length()? == 0)
}

/// The first segment of a log.
fn begin<D: Disk>(disk: &D, directory: &Path, start: Offset) -> io::Result<Segment<D::File>> {
    let segment = Segment::open(disk, directory, start, OpenMode::Create)?;
    disk.sync_directory(directory)?;
    Ok(segment)
}

/// A log of which nothing is left, but the offsets below `start` are given out.
fn begin_anew<D: Disk>(
    disk: &D,
    directory: &Path,
    start: Offset,
) -> io::Result<Recovered<D::File>> {
    remove_segments(disk, directory, &files(disk, directory, "log")?)?;
    for offset in files(disk, directory, "snapshot")? {
        disk.remove_file(&path(directory, offset, "snapshot"))?;
    }
    let segment = begin(disk, directory, start)?;
    Ok(Recovered {
        segments: vec![Arc::new(segment)],
        producers: ProducerState::default(),
        epochs: LeaderEpochs::default(),
        end: start,
    })
}

/// Takes the indexes as they are on disk and gives the offset behind the segment; `None` where it has to be read to know them.
fn load<D: Disk>(
    disk: &D,
    directory: &Path,
    segment: &Segment<D::File>,
    next: Option<Offset>,
) -> io::Result<Option<Offset>> {
    let Some(indexes) = load_indexes(disk, directory, segment) else {
        return Ok(None);
    };
    let last_indexed = indexes.offsets.last(segment.base);
    let last_dated = indexes.times.last(segment.base);
    *segment.indexes.write() = indexes;
    let found = match end_by_indexes(segment, last_dated) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
        Err(error) => return Err(error),
    };
    let Some(found) = found else {
        return Ok(None);
    };
    let end = next.unwrap_or(found);
    let last_dated = last_dated.map(|(_, offset)| offset);
    let is_behind_the_end = last_indexed.max(last_dated).is_some_and(|last| last >= end);
    Ok((found <= end && !is_behind_the_end).then_some(end))
}

/// The offset behind the last batch, found from the last entries; `None` when the batches there contradict them.
fn end_by_indexes<F: DiskFile>(
    segment: &Segment<F>,
    last_dated: Option<(Timestamp, Offset)>,
) -> io::Result<Option<Offset>> {
    let largest = last_dated.map_or(Timestamp::NONE, |(largest, _)| largest);
    let mut next = segment.before(Offset::MAX)?;
    let (mut size, mut end) = (0, segment.base);
    while let Some((position, header)) = next {
        if header.max_timestamp > largest {
            return Ok(None);
        }
        size = position + header.size as u64;
        end = header.next_offset();
        next = segment.behind((position, header))?;
    }
    let is_whole = size == segment.size();
    let is_dated = match last_dated {
        Some(entry) => segment.is_dated(entry)?,
        None => true,
    };
    Ok((is_whole && is_dated).then_some(end))
}

/// The indexes as they are on disk; `None` where one is missing or cannot be trusted.
fn load_indexes<D: Disk>(
    disk: &D,
    directory: &Path,
    segment: &Segment<D::File>,
) -> Option<Indexes> {
    let read = |extension| {
        read_file(disk, &path(directory, segment.base, extension))
            .ok()
            .flatten()
    };
    let offsets = OffsetIndex::parse(&read("index")?, segment.size()).ok()?;
    let times = TimeIndex::parse(&read("timeindex")?).ok()?;
    let first = segment.header_at(0).ok()?;
    let first_timestamp = first.map(|header| header.max_timestamp);
    let max_timestamp = times.last(segment.base);
    let has_times = first_timestamp.is_some_and(|first| first != Timestamp::NONE);
    if has_times && max_timestamp.is_none() {
        return None;
    }
    Some(Indexes {
        offsets,
        times,
        max_timestamp,
        first_timestamp,
        unindexed: 0,
    })
}

/// What the file tells; `None` without one that can be understood.
fn read_epochs<D: Disk>(disk: &D, directory: &Path) -> Result<Option<LeaderEpochs>, OpenError> {
    let path = directory.join(EPOCHS);
    let bytes = read_file(disk, &path).map_err(|error| OpenError::Io { path, error })?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.and_then(|text| LeaderEpochs::parse(&text).ok()))
}

fn epochs_of<F: DiskFile>(segments: &[Arc<Segment<F>>]) -> io::Result<LeaderEpochs> {
    let mut epochs = LeaderEpochs::default();
    for segment in segments {
        let mut position = 0;
        while let Some(header) = segment.header_at(position)? {
            epochs.assign(header.leader_epoch, header.base_offset);
            position += header.size as u64;
        }
    }
    Ok(epochs)
}

/// The newest snapshot that is right, and all batches since.
fn load_producers<D: Disk>(
    disk: &D,
    directory: &Path,
    segments: &[Arc<Segment<D::File>>],
    end: Offset,
) -> io::Result<ProducerState> {
    let mut state = ProducerState::default();
    let mut from = segments.first().map_or(end, |segment| segment.base);
    for offset in files(disk, directory, "snapshot")?.into_iter().rev() {
        let path = path(directory, offset, "snapshot");
        if offset > end {
            disk.remove_file(&path)?;
            continue;
        }
        let bytes = read_file(disk, &path)?.unwrap_or_default();
        if let Ok(found) = producer_snapshot::parse(&bytes) {
            state = found;
            from = offset;
            break;
        }
        tracing::warn!(snapshot = %path.display(), "damaged, removed: an older one is used");
        disk.remove_file(&path)?;
    }
    for segment in segments.iter().filter(|segment| segment.size() > 0) {
        let mut next = segment.batch_of(from)?;
        while let Some((position, header)) = next {
            state.update(&header);
            if ends_transaction(&header) {
                let bytes = segment.read_batch(position, &header)?;
                let batch = Batch::parse(&bytes)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                if let Some(marker) = read_marker(&batch)? {
                    state.end_transaction(&header, marker);
                }
            }
            next = segment.behind((position, header))?;
        }
    }
    Ok(state)
}

/// Removes the last segments, the very last first and each for good before the next: a crash that brings one back leaves no hole
/// before it, and nothing that does not fit what has been written since.
fn remove_segments<D: Disk>(disk: &D, directory: &Path, bases: &[Offset]) -> io::Result<()> {
    for base in bases.iter().rev() {
        for extension in ["log", "index", "timeindex", "txnindex"] {
            let path = path(directory, *base, extension);
            if disk.entry(&path)?.is_some() {
                disk.remove_file(&path)?;
            }
        }
        disk.sync_directory(directory)?;
    }
    Ok(())
}

/// The offsets that name the files with this extension, ascending.
pub(crate) fn files<D: Disk>(
    disk: &D,
    directory: &Path,
    extension: &str,
) -> io::Result<Vec<Offset>> {
    let mut found: Vec<Offset> = disk
        .list(directory)?
        .iter()
        .filter_map(|entry| entry.name.strip_suffix(extension)?.strip_suffix('.'))
        .filter(|stem| stem.len() == 20)
        .filter_map(|stem| stem.parse().ok().map(Offset))
        .filter(|offset| offset.is_known())
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// All of a file; `None` when there is none.
///
/// # Errors
/// The disk's.
pub fn read_file<D: Disk>(disk: &D, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = usize::try_from(file.length()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}
