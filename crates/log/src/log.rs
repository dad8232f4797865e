mod epochs;
mod shrink;

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ottla_env::Disk;
use ottla_model::{ErrorCode, LeaderEpoch, Offset, ProducerId, Timestamp, TopicId};
use ottla_wire::control_record::EndTxnMarker;
use ottla_wire::records::{BATCH_OVERHEAD, BatchHeader, Batches, TimestampType};
use thiserror::Error;

use crate::handle::Home;
use crate::options::LogOptions;
use crate::producer_snapshot;
use crate::producer_state::{ActiveProducer, ProducerError, ProducerState, Verdict};
use crate::reader::{LogReader, Shared};
use crate::recovery::{self, Holes, OpenError};
use crate::segment::{Durability, MAX_RELATIVE_OFFSET, Segment, path, write_file};
use crate::transaction_marker::read_marker;
use crate::validate::ValidBatch;
use epochs::{Epochs, UnsavedEpochs};

/// Where a batch is, or was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    pub base_offset: Offset,
    pub last_offset: Offset,
    /// -1 unless the leader's clock counts.
    pub log_append_time: Timestamp,
    pub log_start_offset: Offset,
    /// It was there already: nothing was written.
    pub duplicate: bool,
}

/// Why a batch is not appended.
#[derive(Debug, Error)]
pub enum AppendError {
    #[error(transparent)]
    Producer(#[from] ProducerError),
    #[error("a batch of {size} bytes does not fit a segment of {segment} (segment.bytes)")]
    LargerThanSegment { size: usize, segment: u64 },
    #[error("the log cannot be written: {0}")]
    Io(Arc<io::Error>),
}

impl AppendError {
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Producer(error) => error.code(),
            Self::LargerThanSegment { .. } => ErrorCode::RecordListTooLarge,
            Self::Io(_) => ErrorCode::KafkaStorageError,
        }
    }
}

/// The positions of a log that checkpoints keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPoint {
    /// All below is on disk.
    pub recovery_point: Offset,
    pub log_start: Offset,
    pub high_watermark: Offset,
    /// Of the first segment.
    pub first_base: Offset,
}

impl LogPoint {
    /// Of a log that no checkpoint names.
    pub(crate) const UNKNOWN: Self = Self {
        recovery_point: Offset::ZERO,
        log_start: Offset::ZERO,
        high_watermark: Offset::ZERO,
        first_base: Offset::ZERO,
    };
}

/// Brings what is written to the disk, on whatever thread. Give the outcome back to [`Log::synced`].
#[derive(Debug)]
pub struct SyncJob<D: Disk> {
    segments: Vec<Arc<Segment<D>>>,
    /// Those that the batches brought.
    epochs: Option<UnsavedEpochs<D>>,
    up_to: Offset,
}

impl<D: Disk> SyncJob<D> {
    /// The offset behind all that is on disk now.
    ///
    /// # Errors
    /// The disk's. Nothing written since the last sync can be trusted then.
    pub fn run(self) -> io::Result<Offset> {
        // Below the recovery point nobody reads the batches for their epochs.
        if let Some(epochs) = self.epochs {
            epochs.save(Durability::Now)?;
        }
        for segment in &self.segments {
            segment.sync()?;
        }
        Ok(self.up_to)
    }
}

/// What a log remembers of its producers.
#[derive(Clone, Debug)]
pub struct Producers(ProducerState);

/// Bytes of batches that a start may read to know the producers.
const UNSNAPSHOTTED: u64 = 64 << 10;

/// One partition's log. Its owner changes it; see [`LogReader`] for everyone else.
///
/// ```text
///  log start     recovery point   high watermark    end
///     ▼                ▼               ▼             ▼
/// ────┬────────────────┬───────────────┬─────────────┐
///     │    on disk     │   may be lost by a power cut │
/// ────┴────────────────┴───────────────┴─────────────┘
/// ```
#[derive(Debug)]
pub struct Log<D: Disk> {
    home: Arc<Home<D>>,
    topic_id: TopicId,
    options: LogOptions,
    shared: Arc<Shared<D>>,
    /// The last of the segments, to which batches are appended.
    active: Arc<Segment<D>>,
    producers: ProducerState,
    /// The offsets of the producer snapshots that are there.
    snapshots: Vec<Offset>,
    /// Bytes of the batches behind the newest of them.
    unsnapshotted: u64,
    epochs: Epochs,
    end: Offset,
    recovery_point: Offset,
    /// When the active segment was created: its age counts from there until it has a batch.
    rolled_at: Timestamp,
    /// Why a write failed: nobody knows what it left, so nothing follows it.
    failure: Option<Arc<io::Error>>,
}

impl<D: Disk> Log<D> {
    /// Opens the log in its home, or begins one. `clean`: it was closed, and nothing needs to be scanned. No file stays open.
    ///
    /// # Errors
    /// See [`OpenError`]. What a crash left is mended, not an error.
    pub(crate) fn open(
        home: Home<D>,
        topic_id: TopicId,
        options: LogOptions,
        point: LogPoint,
        clean: bool,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let home = Arc::new(home);
        let mut recovered = recovery::recover(
            &home,
            &options,
            Holes::of(topic_id, &options),
            point.log_start,
            point.recovery_point,
            clean,
        )?;
        let first = recovered
            .segments
            .first()
            .map_or(recovered.end, |segment| segment.base);
        let log_start = point.log_start.max(first).min(recovered.end);
        let shared = Shared::new(log_start);
        shared.set_end(recovered.end);
        let high_watermark = point.high_watermark.max(log_start).min(recovered.end);
        shared.set_high_watermark(high_watermark);
        recovered.producers.replicated(high_watermark);
        shared.set_first_unstable(recovered.producers.first_unstable());
        let active = Arc::clone(
            recovered
                .segments
                .last()
                .expect("a log has a segment from its opening on"),
        );
        shared.segments.store(Arc::new(recovered.segments));
        recovered.epochs.truncate_start(log_start);
        let epochs = Epochs::new(recovered.epochs, recovered.recorded_epochs);
        epochs.publish(&shared.epochs);
        // A crash of the process alone kept what was written, but nothing says that it is on disk.
        let recovery_point = if clean {
            recovered.end
        } else {
            point.recovery_point.min(recovered.end)
        };
        Ok(Self {
            home,
            topic_id,
            options,
            shared: Arc::new(shared),
            active,
            producers: recovered.producers,
            snapshots: recovered.snapshots,
            unsnapshotted: recovered.unsnapshotted,
            epochs,
            end: recovered.end,
            recovery_point,
            rolled_at: now,
            failure: None,
        })
    }

    #[must_use]
    pub fn reader(&self) -> LogReader<D> {
        LogReader {
            shared: Arc::clone(&self.shared),
        }
    }

    #[must_use]
    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.home.directory
    }

    /// The offset behind the last record.
    #[must_use]
    pub fn end(&self) -> Offset {
        self.end
    }

    /// The offset behind the last record that is on disk.
    #[must_use]
    pub fn synced_end(&self) -> Offset {
        self.recovery_point
    }

    #[must_use]
    pub fn point(&self) -> LogPoint {
        let reader = self.reader();
        LogPoint {
            recovery_point: self.recovery_point,
            log_start: reader.log_start(),
            high_watermark: reader.high_watermark(),
            first_base: self
                .segments()
                .first()
                .map_or(self.end, |segment| segment.base),
        }
    }

    /// From now on. What is in the log already stays as it is until retention looks at it.
    pub fn configure(&mut self, options: LogOptions) {
        self.options = options;
    }

    /// Appends as the leader: offsets and epoch are set, sequences checked. Neighbours share a write. One answer per batch, in
    /// order; a refused batch leaves the others alone.
    pub fn append_many(
        &mut self,
        batches: Vec<ValidBatch>,
        epoch: LeaderEpoch,
        now: Timestamp,
    ) -> Vec<Result<Appended, AppendError>> {
        let mut results = Vec::with_capacity(batches.len());
        let mut run = Run {
            batches: Vec::new(),
            results: Vec::new(),
            size: 0,
        };
        let mut next = self.end;
        if let Err(error) = self.active.read_indexes() {
            self.failure.get_or_insert(Arc::new(error));
        }
        for mut batch in batches {
            if let Some(error) = &self.failure {
                results.push(Err(AppendError::Io(Arc::clone(error))));
                continue;
            }
            let size = batch.header.size;
            if size as u64 > self.options.segment_bytes {
                let segment = self.options.segment_bytes;
                results.push(Err(AppendError::LargerThanSegment { size, segment }));
                continue;
            }
            match self.producers.check(&batch.header) {
                Err(error) => {
                    results.push(Err(error.into()));
                    continue;
                }
                Ok(Verdict::Duplicate(trace)) => {
                    results.push(Ok(Appended {
                        base_offset: trace.first_offset(),
                        last_offset: trace.last_offset,
                        // Whoever's clock it is from: how it came is not remembered.
                        log_append_time: trace.timestamp,
                        log_start_offset: self.reader().log_start(),
                        duplicate: true,
                    }));
                    continue;
                }
                Ok(Verdict::Next) => {}
            }
            batch.header.base_offset = next;
            batch.header.leader_epoch = epoch;
            if self.must_roll(&batch, run.size, now) {
                self.write(&mut run, &mut results);
                if self.failure.is_none()
                    && let Err(error) = self.roll(next, now)
                {
                    self.failure = Some(Arc::new(error));
                }
                if let Some(error) = &self.failure {
                    results.push(Err(AppendError::Io(Arc::clone(error))));
                    continue;
                }
            }
            next = batch.header.next_offset();
            // Noted before it is written, so that a repetition within the same run is seen; a failed write is the log's end anyway.
            self.producers.update(&batch.header);
            run.size += size as u64;
            run.results.push(results.len());
            results.push(Ok(Appended {
                base_offset: batch.header.base_offset,
                last_offset: batch.header.last_offset(),
                log_append_time: log_append_time(&batch, batch.header.max_timestamp),
                log_start_offset: self.reader().log_start(),
                duplicate: false,
            }));
            run.batches.push(batch);
        }
        self.write(&mut run, &mut results);
        results
    }

    /// Appends batches as they are, offsets and epochs set: the metadata log's own, or a leader's.
    ///
    /// # Errors
    /// `InvalidData` when there is something else among them: nothing is appended then. The disk's: nobody knows then how many of the
    /// batches are in the log before it is opened again, and nothing follows them.
    ///
    /// # Panics
    /// When the batches do not begin at the log's end: whoever appends so has lost track.
    pub fn append_raw(&mut self, batches: &[u8], now: Timestamp) -> io::Result<Offset> {
        self.check_usable()?;
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let batches = Batches::new(batches)
            .map(|batch| {
                let batch = batch.map_err(invalid)?;
                let bytes = Bytes::copy_from_slice(batch.bytes);
                Ok((
                    ValidBatch::trusted(batch.header, bytes),
                    read_marker(&batch)?,
                ))
            })
            .collect::<io::Result<Vec<_>>>()?;
        for (batch, marker) in batches {
            assert_eq!(
                batch.header.base_offset, self.end,
                "batches are appended at the end"
            );
            if let Err(error) = self.append_one_raw(batch, marker, now) {
                self.failure = Some(Arc::new(error));
                self.check_usable()?;
            }
        }
        Ok(self.end)
    }

    fn append_one_raw(
        &mut self,
        batch: ValidBatch,
        marker: Option<EndTxnMarker>,
        now: Timestamp,
    ) -> io::Result<()> {
        self.active.read_indexes()?;
        if self.must_roll(&batch, 0, now) {
            // On disk before anything follows in another file: a power cut must not keep the later without the earlier.
            if let Some(job) = self.unsynced() {
                self.recovery_point = job.run()?;
            }
            self.roll(self.end, now)?;
        }
        self.producers.update(&batch.header);
        if let Some(marker) = marker {
            self.producers.end_transaction(&batch.header, marker);
        }
        self.write_run(&[batch])
    }

    /// Whether all writes so far have succeeded. After one that has not, nothing is appended any more.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.failure.is_none()
    }

    /// # Errors
    /// That of the write that failed, if one did.
    fn check_usable(&self) -> io::Result<()> {
        match &self.failure {
            Some(error) => Err(io::Error::new(error.kind(), Arc::clone(error))),
            None => Ok(()),
        }
    }

    /// Records that `epoch` begins at the end of the log. On disk it is with the first sync of what it brings: an epoch without records
    /// is none.
    pub fn assign_epoch(&mut self, epoch: LeaderEpoch) {
        if self.epochs.lead(epoch, self.end) {
            self.epochs.publish(&self.shared.epochs);
        }
    }

    /// Moves the high watermark, never back. True if it moved.
    ///
    /// # Panics
    /// When it would lie beyond the end: what is not here cannot be replicated.
    pub fn set_high_watermark(&mut self, offset: Offset) -> bool {
        assert!(
            offset <= self.end,
            "the high watermark {offset} would lie beyond the end {}",
            self.end
        );
        let moves = offset > self.reader().high_watermark();
        if moves {
            self.shared.set_high_watermark(offset);
            if self.producers.replicated(offset) {
                self.shared
                    .set_first_unstable(self.producers.first_unstable());
            }
        }
        moves
    }

    /// What has to be synced; `None` when all is on disk.
    #[must_use]
    pub fn unsynced(&self) -> Option<SyncJob<D>> {
        self.sync_job(self.end)
    }

    /// What has to be synced of the segments that nothing is appended to any more; `None` when they are on disk. Whoever syncs it after
    /// each roll bounds what a power cut can tear, and what is read after it, by the last segment.
    #[must_use]
    pub fn sealed_unsynced(&self) -> Option<SyncJob<D>> {
        self.sync_job(self.active.base)
    }

    /// Oldest first: a crash within it leaves no hole below what it has brought to the disk.
    fn sync_job(&self, up_to: Offset) -> Option<SyncJob<D>> {
        if self.recovery_point >= up_to {
            return None;
        }
        let segments = self.segments();
        let first = segments
            .partition_point(|segment| segment.base <= self.recovery_point)
            .saturating_sub(1);
        let segments = segments[first..]
            .iter()
            .filter(|segment| segment.base < up_to && segment.size() > 0)
            .cloned()
            .collect();
        Some(SyncJob {
            segments,
            epochs: self.epochs.unsaved(&self.home),
            up_to,
        })
    }

    /// A [`SyncJob`] has brought everything below `offset` to the disk.
    pub fn synced(&mut self, offset: Offset) {
        self.recovery_point = self.recovery_point.max(offset);
    }

    /// The producers that the log remembers, by their ids.
    #[must_use]
    pub fn active_producers(&self) -> Vec<ActiveProducer> {
        self.producers.active()
    }

    #[must_use]
    pub fn knows_producer(&self, id: ProducerId) -> bool {
        self.producers.knows(id)
    }

    /// What is remembered of producers, which is more than a snapshot tells: of each the last batches, and not the last one alone.
    #[must_use]
    pub fn producers(&self) -> Producers {
        Producers(self.producers.clone())
    }

    /// Remembers what this log did where it was before it was moved.
    pub fn remember(&mut self, producers: Producers) {
        self.producers = producers.0;
    }

    /// Writes all that a start needs to find the log as it is without reading it, and nothing that is there already. True if
    /// anything of it, records or not, is still to be brought to the disk, by [`Disk::sync_all`]; [`synced`](Self::synced) is told then.
    ///
    /// # Errors
    /// The disk's, or that of an earlier write: what it left is for the next start to find out.
    pub fn settle(&mut self) -> io::Result<bool> {
        self.check_usable()?;
        let unsaved_epochs = self.epochs.unsaved(&self.home);
        let is_settled = self.recovery_point >= self.end
            && self.active.has_saved_indexes()
            && !self.lacks_snapshot()
            && unsaved_epochs.is_none();
        if let Some(epochs) = unsaved_epochs {
            epochs.save(Durability::Later)?;
        }
        self.active.save_indexes(Durability::Later)?;
        self.active.release()?;
        if self.lacks_snapshot() {
            self.write_producers(Durability::Later)?;
        }
        Ok(!is_settled)
    }

    /// Whether a start would read more for want of a snapshot than is worth the writing of one and the removal of another.
    fn lacks_snapshot(&self) -> bool {
        // Apache takes a log without any for one without producers.
        let is_first = self.snapshots.is_empty() && !self.producers.producers.is_empty();
        is_first || self.unsnapshotted > UNSNAPSHOTTED
    }

    /// Brings all to the disk: the next start finds a log that needs no recovery.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub fn close(&mut self) -> io::Result<()> {
        if self.settle()? {
            self.home.disk.sync_all(&self.home.directory)?;
            self.synced(self.end);
        }
        Ok(())
    }

    /// Writes the snapshot of producers at the end of the log in any case, as Kafka does when it closes one: its name tells where the log ended,
    /// whatever becomes of the last segment.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub fn mark_end(&mut self) -> io::Result<()> {
        self.check_usable()?;
        self.write_producers(Durability::Now)
    }

    /// Gives back the descriptors and the index entries of the segments that nobody has used since this was called last. They are
    /// taken again when they are needed. True where a segment keeps its own until it is [synced](Self::unsynced): to an open file the
    /// kernel tells what it could not write.
    ///
    /// # Errors
    /// The disk's, or that of an earlier write.
    pub fn give_back_unused(&mut self) -> io::Result<bool> {
        self.check_usable()?;
        let segments = self.segments();
        let mut has_unsynced = false;
        for (i, segment) in segments.iter().enumerate() {
            let end = segments.get(i + 1).map_or(self.end, |next| next.base);
            if segment.is_given_back() || segment.was_used() {
                continue;
            }
            if end > self.recovery_point {
                has_unsynced = true;
            } else {
                segment.save_indexes(Durability::Later)?;
                segment.release()?;
                segment.give_back();
            }
        }
        if self.active.is_given_back() {
            self.shared.recent.write().forget();
        }
        Ok(has_unsynced)
    }

    fn segments(&self) -> Arc<Vec<Arc<Segment<D>>>> {
        self.shared.segments.load_full()
    }

    fn write(&mut self, run: &mut Run, results: &mut [Result<Appended, AppendError>]) {
        let batches = std::mem::take(&mut run.batches);
        run.size = 0;
        let indices = std::mem::take(&mut run.results);
        if let Err(error) = self.write_run(&batches) {
            let error = Arc::new(error);
            for index in indices {
                results[index] = Err(AppendError::Io(Arc::clone(&error)));
            }
            self.failure = Some(error);
        }
    }

    /// One write for all batches, which fit the active segment.
    fn write_run(&mut self, batches: &[ValidBatch]) -> io::Result<()> {
        let Some(last) = batches.last() else {
            return Ok(());
        };
        let headers: Vec<[u8; BATCH_OVERHEAD]> = batches
            .iter()
            .map(|batch| batch.header.to_bytes())
            .collect();
        let mut slices: Vec<IoSlice<'_>> = headers
            .iter()
            .zip(batches)
            .flat_map(|(header, batch)| [IoSlice::new(header), IoSlice::new(batch.body())])
            .collect();
        let mut position = self.active.size();
        let headers = batches.iter().map(|batch| &batch.header);
        self.active
            .append(&mut slices, headers, self.options.index_interval_bytes)?;
        {
            let mut recent = self.shared.recent.write();
            for batch in batches {
                recent.note(self.active.base, &batch.header, position);
                position += batch.header.size as u64;
            }
        }
        self.unsnapshotted += batches
            .iter()
            .map(|batch| batch.header.size as u64)
            .sum::<u64>();
        let first = batches[0].header.base_offset;
        if self.epochs.append(last.header.leader_epoch, first) {
            self.epochs.publish(&self.shared.epochs);
        }
        self.end = last.header.next_offset();
        self.shared
            .set_first_unstable(self.producers.first_unstable());
        self.shared.set_end(self.end);
        Ok(())
    }

    /// `pending`: bytes that are about to be written before it.
    fn must_roll(&self, batch: &ValidBatch, pending: u64, now: Timestamp) -> bool {
        let active = &self.active;
        let size = active.size() + pending;
        if size == 0 {
            return false;
        }
        let indexes = active.indexes.read();
        size + batch.header.size as u64 > self.options.segment_bytes
            || indexes.are_full(self.options.index_bytes)
            || batch.header.last_offset() - active.base > MAX_RELATIVE_OFFSET
            || self.is_old(indexes.first_timestamp, &batch.header, now)
    }

    /// Age is told by the records where they have timestamps: old records copied into a new log must not make a segment each.
    fn is_old(&self, first: Option<Timestamp>, batch: &BatchHeader, now: Timestamp) -> bool {
        let age = match first.filter(|first| first.0 >= 0) {
            Some(first) => batch.max_timestamp.0.saturating_sub(first.0),
            None => now.0.saturating_sub(self.rolled_at.0),
        };
        age > i64::try_from(self.options.segment_age.as_millis()).unwrap_or(i64::MAX)
    }

    /// Begins a new segment at `base`, the end of the log.
    fn roll(&mut self, base: Offset, now: Timestamp) -> io::Result<()> {
        let active = Arc::clone(&self.active);
        assert!(
            base > active.base || active.size() == 0,
            "an empty segment is not rolled"
        );
        if base == active.base {
            return Ok(());
        }
        active.save_indexes(Durability::Now)?;
        active.release()?;
        self.write_producers(Durability::Now)?;
        let segment = Arc::new(Segment::create(&self.home, base)?);
        self.home.disk.sync_directory(&self.home.directory)?;
        let mut segments = self.segments().to_vec();
        segments.push(Arc::clone(&segment));
        self.active = segment;
        self.shared.segments.store(Arc::new(segments));
        self.rolled_at = now;
        Ok(())
    }

    /// The snapshot at the end of the log.
    fn write_producers(&mut self, durability: Durability) -> io::Result<()> {
        let (disk, directory) = (&self.home.disk, &self.home.directory);
        if self.snapshots.last() != Some(&self.end) {
            let newest = path(directory, self.end, "snapshot");
            let bytes = producer_snapshot::to_bytes(&self.producers);
            write_file(disk, &newest, &bytes, durability)?;
            self.snapshots.push(self.end);
            self.unsnapshotted = 0;
        }
        // Each segment's base keeps its own, for a log that is cut there; others were the ends of earlier runs.
        let segments = self.shared.segments.load();
        let is_kept = |offset: Offset| {
            let base = segments.binary_search_by_key(&offset, |segment| segment.base);
            offset == self.end || base.is_ok()
        };
        let (kept, gone) = self.snapshots.iter().partition(|offset| is_kept(**offset));
        self.snapshots = kept;
        gone.into_iter()
            .try_for_each(|offset: Offset| disk.remove_file(&path(directory, offset, "snapshot")))
    }
}

impl<D: Disk> Drop for Log<D> {
    fn drop(&mut self) {
        self.home.leave();
        self.epochs.leave();
    }
}

/// Batches on their way into one write, and where their answers stand.
struct Run {
    batches: Vec<ValidBatch>,
    results: Vec<usize>,
    size: u64,
}

fn log_append_time(batch: &ValidBatch, timestamp: Timestamp) -> Timestamp {
    match batch.header.attributes.timestamp_type() {
        TimestampType::LogAppendTime => timestamp,
        TimestampType::CreateTime => Timestamp::NONE,
    }
}
