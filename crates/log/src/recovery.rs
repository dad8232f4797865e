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

use crate::files::Files;
use crate::handle::Home;
use crate::indexes::{Entries, Indexes};
use crate::leader_epochs::LeaderEpochs;
use crate::options::LogOptions;
use crate::producer_snapshot;
use crate::producer_state::ProducerState;
use crate::segment::{Durability, Segment, path};
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
pub(crate) struct Recovered<D: Disk> {
    pub(crate) segments: Vec<Arc<Segment<D>>>,
    pub(crate) producers: ProducerState,
    /// The offsets of the snapshots that are there, ascending.
    pub(crate) snapshots: Vec<Offset>,
    /// Bytes of the batches behind the newest.
    pub(crate) unsnapshotted: u64,
    pub(crate) epochs: LeaderEpochs,
    /// What the file of the epochs says.
    pub(crate) recorded_epochs: LeaderEpochs,
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
    home: &Arc<Home<D>>,
    options: &LogOptions,
    holes: Holes,
    log_start: Offset,
    recovery_point: Offset,
    clean: bool,
) -> Result<Recovered<D>, OpenError> {
    let (disk, directory) = (&home.disk, home.directory.as_path());
    let fails = |error| OpenError::Io {
        path: directory.to_path_buf(),
        error,
    };
    let mut found = clear_leftovers(disk, directory).map_err(fails)?;
    let mut bases = found.offsets("log");
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
        found = Files::look(disk, directory).map_err(fails)?;
        bases.remove(0);
    }
    if bases.is_empty() {
        if holes == Holes::Never && recovery_point > log_start {
            return Err(missing(log_start));
        }
        drop(begin(home, log_start).map_err(fails)?);
        bases.push(log_start);
    }
    remove_orphan_indexes(disk, directory, &found, &bases).map_err(fails)?;
    let mut segments: Vec<Arc<Segment<D>>> = Vec::with_capacity(bases.len());
    let mut end = log_start;
    // Whether the segment before may be torn, and has all offsets from its base to its end.
    let mut is_whole = false;
    let mut told = if found.has(EPOCHS) {
        read_epochs(disk, directory)?
    } else {
        None
    };
    let recorded = told.clone();
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
        let segment = Segment::open(home, base).map_err(fails)?;
        let next = bases.get(i + 1).copied();
        let must_scan = !clean && next.is_none_or(|next| next > recovery_point);
        let loaded = if must_scan {
            None
        } else {
            load(home, &segment, next).map_err(fails)?
        };
        if let Some(behind) = loaded {
            end = behind;
            is_whole = false;
            segment.give_back();
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
            let cut = segment.file().and_then(|file| {
                file.set_length(scan.size)?;
                file.sync()
            });
            cut.map_err(fails)?;
        }
        if must_scan {
            segment
                .file()
                .and_then(|file| file.release())
                .map_err(fails)?;
        }
        segment.set_size(scan.size);
        *segment.indexes.write() = scan.indexes;
        if next.is_some() && !is_torn {
            segment.save_indexes(Durability::Now).map_err(fails)?;
        }
        segment.give_back();
        segments.push(Arc::new(segment));
        if is_torn {
            break;
        }
    }
    if end < log_start {
        tracing::warn!(log = %directory.display(), %end, %log_start, "ends before its start, and so holds nothing: begun anew there");
        return begin_anew(home, log_start, recorded).map_err(fails);
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
    let mut snapshots = found.offsets("snapshot");
    let (producers, unsnapshotted) =
        load_producers(disk, directory, &mut snapshots, &segments, end).map_err(fails)?;
    // What was read of them is enough for whoever does not read them.
    segments.iter().for_each(|segment| segment.give_back());
    Ok(Recovered {
        segments,
        producers,
        snapshots,
        unsnapshotted,
        recorded_epochs: recorded.unwrap_or_default(),
        epochs,
        end,
    })
}

fn is_empty<D: Disk>(disk: &D, file: &Path) -> io::Result<bool> {
    Ok(disk.open(file, OpenMode::Read)?.length()? == 0)
}

/// The first segment of a log.
fn begin<D: Disk>(home: &Arc<Home<D>>, start: Offset) -> io::Result<Segment<D>> {
    let segment = Segment::create(home, start)?;
    home.disk.sync_directory(&home.directory)?;
    Ok(segment)
}

/// A log of which nothing is left, but the offsets below `start` are given out.
fn begin_anew<D: Disk>(
    home: &Arc<Home<D>>,
    start: Offset,
    recorded: Option<LeaderEpochs>,
) -> io::Result<Recovered<D>> {
    let (disk, directory) = (&home.disk, home.directory.as_path());
    let found = Files::look(disk, directory)?;
    remove_segments(disk, directory, &found.offsets("log"))?;
    for offset in found.offsets("snapshot") {
        disk.remove_file(&path(directory, offset, "snapshot"))?;
    }
    let segment = begin(home, start)?;
    Ok(Recovered {
        segments: vec![Arc::new(segment)],
        producers: ProducerState::default(),
        snapshots: Vec::new(),
        epochs: LeaderEpochs::default(),
        recorded_epochs: recorded.unwrap_or_default(),
        unsnapshotted: 0,
        end: start,
    })
}

/// Takes the indexes as they are on disk and gives the offset behind the segment; `None` where it has to be read to know them.
fn load<D: Disk>(
    home: &Home<D>,
    segment: &Segment<D>,
    next: Option<Offset>,
) -> io::Result<Option<Offset>> {
    let Some(indexes) = load_indexes(home, segment) else {
        return Ok(None);
    };
    let last_dated = indexes.max_timestamp;
    let entries = indexes.entries().expect("they have just been read");
    let last_indexed = entries.offsets.last(segment.base);
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
fn end_by_indexes<D: Disk>(
    segment: &Segment<D>,
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
fn load_indexes<D: Disk>(home: &Home<D>, segment: &Segment<D>) -> Option<Indexes> {
    let base = segment.base;
    let entries = Entries::read(&home.disk, &home.directory, base, segment.size()).ok()??;
    let first = segment.header_at(0).ok()?;
    let first_timestamp = first.map(|header| header.max_timestamp);
    let has_times = first_timestamp.is_some_and(|first| first != Timestamp::NONE);
    if has_times && entries.times.last(base).is_none() {
        return None;
    }
    Some(Indexes::found(base, entries, first_timestamp))
}

/// What the file tells; `None` without one that can be understood.
fn read_epochs<D: Disk>(disk: &D, directory: &Path) -> Result<Option<LeaderEpochs>, OpenError> {
    let path = directory.join(EPOCHS);
    let bytes = read_file(disk, &path).map_err(|error| OpenError::Io { path, error })?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.and_then(|text| LeaderEpochs::parse(&text).ok()))
}

fn epochs_of<D: Disk>(segments: &[Arc<Segment<D>>]) -> io::Result<LeaderEpochs> {
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

/// The newest snapshot that is right, and all batches since, with their bytes. What is wrong of the `snapshots` goes.
fn load_producers<D: Disk>(
    disk: &D,
    directory: &Path,
    snapshots: &mut Vec<Offset>,
    segments: &[Arc<Segment<D>>],
    end: Offset,
) -> io::Result<(ProducerState, u64)> {
    let mut unsnapshotted = 0;
    let mut state = ProducerState::default();
    let mut from = segments.first().map_or(end, |segment| segment.base);
    while let Some(offset) = snapshots.pop() {
        let path = path(directory, offset, "snapshot");
        if offset > end {
            disk.remove_file(&path)?;
            continue;
        }
        let bytes = read_file(disk, &path)?.unwrap_or_default();
        if let Ok(found) = producer_snapshot::parse(&bytes) {
            state = found;
            from = offset;
            snapshots.push(offset);
            break;
        }
        tracing::warn!(snapshot = %path.display(), "damaged, removed: an older one is used");
        disk.remove_file(&path)?;
    }
    for segment in segments.iter().filter(|segment| segment.size() > 0) {
        if from == end {
            break;
        }
        let mut next = segment.batch_of(from)?;
        while let Some((position, header)) = next {
            unsnapshotted += header.size as u64;
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
    Ok((state, unsnapshotted))
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
