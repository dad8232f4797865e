//! What leaves a log: old segments at its beginning, records deleted by a client, what a new leader does not have at its end.

use std::io;
use std::sync::Arc;

use ottla_env::{Disk, DiskFile};
use ottla_model::{Offset, Timestamp};

use super::{Log, LogPoint};
use crate::segment::{Segment, path};

impl<D: Disk> Log<D> {
    /// Removes what `retention.bytes`, `retention.ms` and the log's start no longer keep; the last segment too, behind which a new one begins then.
    ///
    /// # Errors
    /// The disk's.
    pub fn retain(&mut self, now: Timestamp) -> io::Result<()> {
        self.producers.expire(now, self.options.producer_expiration);
        let removable = self.removable(now)?;
        if removable == 0 {
            return Ok(());
        }
        let segments = self.segments();
        if removable == segments.len() {
            self.roll(self.end, now)?;
        }
        let segments = self.segments();
        let (gone, kept) = segments.split_at(removable);
        let start = kept.first().map_or(self.end, |segment| segment.base);
        self.shared.segments.store(Arc::new(kept.to_vec()));
        self.move_log_start(start);
        self.remove(gone.iter())?;
        // Last: what a crash brings back of the segments still has its epochs then.
        self.forget_epochs()
    }

    /// Forgets everything below `offset`: consumers find it no more, whole segments are removed.
    ///
    /// # Errors
    /// The disk's.
    pub fn advance_log_start(&mut self, offset: Offset, now: Timestamp) -> io::Result<()> {
        assert!(
            offset <= self.reader().high_watermark(),
            "only what is replicated can be deleted"
        );
        if offset > self.reader().log_start() {
            self.move_log_start(offset);
            self.forget_epochs()?;
        }
        self.retain(now)
    }

    /// Cuts the log so that it ends at `offset` or, where that lies within a batch, before.
    ///
    /// # Errors
    /// The disk's.
    pub fn truncate_to(&mut self, offset: Offset, now: Timestamp) -> io::Result<()> {
        if offset >= self.end {
            return Ok(());
        }
        let segments = self.segments();
        let keep = segments
            .partition_point(|segment| segment.base <= offset)
            .max(1);
        let (kept, gone) = segments.split_at(keep);
        let last = kept.last().expect("at least one segment is kept");
        let cut = last.find(0, |header| header.last_offset() >= offset)?;
        if let Some((position, header)) = cut {
            last.file.set_length(position)?;
            last.file.sync()?;
            last.set_size(position);
            self.end = header.base_offset.min(offset);
        } else {
            self.end = offset;
        }
        self.shared.segments.store(Arc::new(kept.to_vec()));
        self.remove(gone.iter().rev())?;
        self.epochs.truncate_end(self.end);
        self.write_epochs()?;
        self.shared.set_end(self.end);
        self.shared
            .set_high_watermark(self.reader().high_watermark().min(self.end));
        self.recovery_point = self.recovery_point.min(self.end);
        self.synced_at_most = Some(
            self.synced_at_most
                .map_or(self.end, |bound| bound.min(self.end)),
        );
        // Indexes and producers are what a start would make of what is left.
        let (disk, directory, point) = (self.disk.clone(), self.directory.clone(), self.point());
        let reopened = Self::open(
            disk,
            &directory,
            self.topic_id,
            self.options.clone(),
            LogPoint {
                recovery_point: Offset::ZERO,
                ..point
            },
            false,
            now,
        )
        .map_err(io::Error::other)?;
        self.producers = reopened.producers;
        self.shared
            .segments
            .store(reopened.shared.segments.load_full());
        Ok(())
    }

    /// How many of the oldest segments may go.
    fn removable(&self, now: Timestamp) -> io::Result<usize> {
        let segments = self.segments();
        let reader = self.reader();
        let (start, high_watermark) = (reader.log_start(), reader.high_watermark());
        let mut total: u64 = segments.iter().map(|segment| segment.size()).sum();
        let mut count = 0;
        for (i, segment) in segments.iter().enumerate() {
            let behind = segments.get(i + 1).map_or(self.end, |next| next.base);
            if behind > high_watermark || segment.size() == 0 {
                break;
            }
            let too_much = self.options.deletes
                && self
                    .options
                    .retention_bytes
                    .is_some_and(|bound| total - segment.size() >= bound);
            let too_old = match self.options.retention_age.filter(|_| self.options.deletes) {
                Some(age) => {
                    let newest = segment
                        .indexes
                        .read()
                        .max_timestamp
                        .filter(|(newest, _)| newest.0 >= 0);
                    let newest =
                        newest.map_or_else(|| segment.file.modified(), |(newest, _)| Ok(newest))?;
                    now.0.saturating_sub(newest.0)
                        > i64::try_from(age.as_millis()).unwrap_or(i64::MAX)
                }
                None => false,
            };
            let below_start = behind <= start && i + 1 < segments.len();
            if !(too_much || too_old || below_start) {
                break;
            }
            total -= segment.size();
            count = i + 1;
        }
        Ok(count)
    }

    fn move_log_start(&mut self, offset: Offset) {
        self.shared
            .set_log_start(offset.max(self.reader().log_start()));
    }

    /// Forgets the epochs of what lies below the log's start.
    fn forget_epochs(&mut self) -> io::Result<()> {
        self.epochs.truncate_start(self.reader().log_start());
        self.write_epochs()
    }

    /// Removes segments from an end of the log on, each for good before the next: a crash that brings one back leaves no hole behind it,
    /// and nothing that does not fit what has been written since.
    fn remove<'a>(
        &self,
        segments: impl Iterator<Item = &'a Arc<Segment<D::File>>>,
    ) -> io::Result<()>
    where
        D::File: 'a,
    {
        for segment in segments {
            for extension in ["log", "index", "timeindex", "txnindex", "snapshot"] {
                let path = path(&self.directory, segment.base, extension);
                if self.disk.entry(&path)?.is_some() {
                    // Readers that came before keep the open file.
                    self.disk.remove_file(&path)?;
                }
            }
            self.disk.sync_directory(&self.directory)?;
        }
        Ok(())
    }
}
