//! What leaves a log: old segments at its beginning, records deleted by a client.

use std::io;
use std::sync::Arc;

use ottla_env::{Disk, DiskFile};
use ottla_model::{Offset, Timestamp};

use super::Log;
use crate::segment::{Durability, Segment, path};

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
        self.remove(gone)?;
        // Last: what a crash brings back of the segments still has its epochs then.
        self.forget_epochs()
    }

    /// Forgets everything below `offset`: consumers find it no more, whole segments are removed. It lasts once the directory has
    /// [written it down](crate::dir::LogDirectory::write_log_starts); a start knows then what epochs to forget.
    ///
    /// # Errors
    /// The disk's.
    ///
    /// # Panics
    /// When `offset` lies above the high watermark: only what is replicated can be deleted.
    pub fn advance_log_start(&mut self, offset: Offset, now: Timestamp) -> io::Result<()> {
        assert!(
            offset <= self.reader().high_watermark(),
            "only what is replicated can be deleted"
        );
        if offset > self.reader().log_start() {
            self.move_log_start(offset);
            self.epochs.truncate_start(offset);
            self.epochs.publish(&self.shared.epochs);
        }
        self.retain(now)
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
                    let newest = newest
                        .map_or_else(|| segment.file()?.modified(), |(newest, _)| Ok(newest))?;
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
        self.epochs.publish(&self.shared.epochs);
        let unsaved = self.epochs.unsaved(&self.home);
        unsaved.map_or(Ok(()), |epochs| epochs.save(Durability::Now))
    }

    /// Removes segments, the oldest first, each for good before the next: a crash that brings one back leaves no hole behind it.
    fn remove(&mut self, segments: &[Arc<Segment<D>>]) -> io::Result<()> {
        let (disk, directory) = (&self.home.disk, &self.home.directory);
        for segment in segments {
            // Readers that came before and have not opened it come too late.
            segment.removing();
            for extension in ["log", "index", "timeindex", "txnindex", "snapshot"] {
                let path = path(directory, segment.base, extension);
                if disk.entry(&path)?.is_some() {
                    // Readers that came before keep the open file.
                    disk.remove_file(&path)?;
                }
            }
            disk.sync_directory(directory)?;
            self.snapshots.retain(|offset| *offset != segment.base);
        }
        Ok(())
    }
}
