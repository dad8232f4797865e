//! A log on the machine's own disk, in a directory for the purpose. What the kernel does is not counted.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ottla_log::dir::LogDirectory;
use ottla_log::validate::{ValidBatch, validate};
use ottla_log::{Log, LogOptions};
use ottla_model::{LeaderEpoch, Offset, TopicId, Uuid};
use ottla_runtime::RealDisk;
use ottla_wire::records::Compression;

use super::operation::{Case, Operation};
use super::records::{BATCH, NOW, extent, rules};
use crate::load::build_batch;
use crate::size::{KIB, MIB, Size};

const TOPIC: TopicId = TopicId(Uuid::from_u128(77));
const EPOCH: LeaderEpoch = LeaderEpoch(4);
const JOINED: usize = 16;
const FETCHED: u64 = MIB;
/// Batches of the log that is read.
const FILLED: usize = 1000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        appending("append", 1),
        appending("append-16-joined", JOINED),
        reading("read-batches-of-16KiB", Size(KIB), BATCH),
        reading("read-batches-of-200B", Size(100), Size(200)),
    ]
}

fn appending(name: &str, batches: usize) -> Case {
    Case::new(name, 50, move |directory| {
        let mut kept = Kept::new(directory)?;
        let bytes = build_batch(Size(KIB), BATCH, Compression::None, NOW);
        let (_, length) = extent(&bytes);
        let batch = validate(bytes, &rules(), NOW).expect("it was built here");
        let input = move || vec![batch.clone(); batches];
        let run = move |batches: Vec<ValidBatch>| {
            kept.append(batches);
        };
        let batches = batches as u64;
        Ok(Operation::new(batches, batches * length, input, run))
    })
}

/// Finds a mebibyte from some offset on, as for a consumer.
fn reading(name: &str, record: Size, batch: Size) -> Case {
    Case::new(name, 100, move |directory| {
        let mut kept = Kept::new(directory)?;
        let bytes = build_batch(record, batch, Compression::None, NOW);
        let batch = validate(bytes, &rules(), NOW).expect("it was built here");
        for _ in 0..FILLED {
            kept.append(vec![batch.clone()]);
        }
        let end = kept.log.end();
        kept.log.set_high_watermark(end);
        let mut from = 0;
        let input = move || {
            // A prime far from any batch's number of records.
            from = (from + 7919) % end.0;
            Offset(from)
        };
        let run = move |from| {
            let slice = kept.log.reader().read(from, FETCHED, end, true);
            assert!(slice.is_ok_and(|slice| slice.bytes > 0), "the disk works");
        };
        Ok(Operation::new(0, 0, input, run))
    })
}

/// A log in a directory that goes with it.
struct Kept {
    log: Log<RealDisk>,
    directory: PathBuf,
}

impl Kept {
    fn new(directory: &Path) -> io::Result<Self> {
        static BEFORE: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), BEFORE.fetch_add(1, Ordering::Relaxed));
        // As long for every process: what stands behind it in memory is to lie where it always does.
        let directory = directory.join(format!("ottla-bench-{process:010}-{number}"));
        let logs = LogDirectory::open(RealDisk, &directory).map_err(io::Error::other)?;
        let options = LogOptions {
            segment_bytes: 1 << 30,
            segment_age: Duration::from_secs(7 * 24 * 3600),
            index_interval_bytes: 4096,
            index_bytes: 10 << 20,
            retention_bytes: None,
            retention_age: None,
            deletes: true,
            producer_expiration: Duration::from_secs(24 * 3600),
        };
        let mut log = logs
            .open_log("micro-0", TOPIC, options, NOW, true)
            .map_err(io::Error::other)?;
        log.assign_epoch(EPOCH);
        Ok(Self { log, directory })
    }

    fn append(&mut self, batches: Vec<ValidBatch>) {
        let appended = self.log.append_many(batches, EPOCH, NOW);
        assert!(appended.iter().all(Result::is_ok), "the disk works");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What is left then lies where temporary files do.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
