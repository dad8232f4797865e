//! A log as its owner and its readers see it.

mod appends;
mod directories;
mod idle;
mod metadata_log;
mod moves;
mod reads;
mod recovery;
mod retention;
mod room;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::fake::{ManualClock, SeededDisk};
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_log::dir::LogDirectory;
use ottla_log::validate::{AppendRules, ValidBatch, validate};
use ottla_log::{Log, LogOptions, OpenError};
use ottla_model::{LeaderEpoch, Offset, Timestamp, TopicId, Uuid};
use ottla_wire::records::{BatchBuilder, BatchFields, Batches, Compression, TimestampType};

const NOW: Timestamp = Timestamp(1_000_000);
const EPOCH: LeaderEpoch = LeaderEpoch(4);
const DATA: &str = "/data";
const TOPIC: TopicId = TopicId(Uuid::from_u128(77));
const NAME: &str = "topic-0";

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 300,
        segment_age: Duration::from_secs(3600),
        index_interval_bytes: 100,
        index_bytes: 1 << 20,
        retention_bytes: None,
        retention_age: None,
        deletes: true,
        producer_expiration: Duration::from_secs(3600),
    }
}

/// Two records, 100 bytes.
fn batch(timestamp: i64) -> ValidBatch {
    batch_by([timestamp, timestamp + 1], TimestampType::CreateTime)
}

fn batch_by(timestamps: [i64; 2], timestamp_type: TimestampType) -> ValidBatch {
    let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
    builder.push(Timestamp(timestamps[0]), None, Some(b"123456"), []);
    builder.push(Timestamp(timestamps[1]), None, Some(&[b'x'; 19]), []);
    validated(&builder.build(), timestamp_type)
}

fn validated(batch: &Bytes, timestamp_type: TimestampType) -> ValidBatch {
    let rules = AppendRules {
        produce_version: 13,
        max_batch_bytes: 1 << 20,
        max_uncompressed_bytes: 1 << 20,
        timestamp_type,
        before_max_ms: i64::MAX,
        after_max_ms: i64::MAX,
        needs_keys: false,
        compression: None,
    };
    validate(batch.clone(), &rules, NOW).expect("it is right")
}

fn disk() -> SeededDisk {
    SeededDisk::new(ManualClock::new(NOW))
}

fn directory(disk: &SeededDisk) -> LogDirectory<SeededDisk> {
    LogDirectory::open(disk.clone(), Path::new(DATA)).expect("nobody else has it")
}

fn open(directory: &LogDirectory<SeededDisk>) -> Log<SeededDisk> {
    directory
        .open_log(NAME, TOPIC, options(), NOW, true)
        .expect("it opens")
}

fn open_unclean(directory: &LogDirectory<SeededDisk>) -> Log<SeededDisk> {
    directory
        .open_log(NAME, TOPIC, options(), NOW, false)
        .expect("it opens")
}

/// The names of the segments' files, ascending.
fn segment_files(disk: &SeededDisk) -> Vec<String> {
    let entries = disk.list(&Path::new(DATA).join(NAME));
    let names = entries.expect("it is there").into_iter();
    let mut names: Vec<String> = names
        .map(|entry| entry.name)
        .filter(|name| name.ends_with(".log"))
        .collect();
    names.sort_unstable();
    names
}

fn append(log: &mut Log<SeededDisk>, timestamp: i64) {
    log.append_many(vec![batch(timestamp)], EPOCH, NOW)
        .remove(0)
        .expect("it is appended");
    let end = log.end();
    log.set_high_watermark(end);
}

/// Ten batches of two records: offsets 0 to 20, timestamps 1000, 1001, 1010, 1011, …; three batches to a segment.
fn filled(disk: &SeededDisk) -> (LogDirectory<SeededDisk>, Log<SeededDisk>) {
    let directory = directory(disk);
    let mut log = open(&directory);
    log.assign_epoch(EPOCH);
    (0..10).for_each(|i| append(&mut log, 1000 + 10 * i));
    (directory, log)
}

/// Two records at `offset`, 91 bytes.
fn raw(offset: i64) -> Bytes {
    let fields = BatchFields {
        base_offset: Offset(offset),
        leader_epoch: EPOCH,
        ..BatchFields::default()
    };
    let mut builder = BatchBuilder::new(fields, Compression::None);
    builder.push(NOW, None, Some(b"12345678"), []);
    builder.push(NOW, None, Some(b"12345678"), []);
    builder.build()
}

fn metadata_options() -> LogOptions {
    LogOptions {
        deletes: false,
        ..options()
    }
}

/// `on_disk`: all below is known to be there.
fn try_open_metadata(
    directory: &LogDirectory<SeededDisk>,
    on_disk: i64,
) -> Result<Log<SeededDisk>, OpenError> {
    directory.open_metadata_log(NAME, metadata_options(), NOW, Offset(on_disk))
}

fn open_metadata(directory: &LogDirectory<SeededDisk>) -> Log<SeededDisk> {
    try_open_metadata(directory, 0).expect("it opens")
}

fn base_offsets(log: &Log<SeededDisk>) -> Vec<i64> {
    let slice = log
        .reader()
        .read(log.reader().log_start(), 10_000, log.end(), true)
        .expect("in range");
    let mut offsets = Vec::new();
    for piece in slice.pieces {
        let mut bytes = vec![0; usize::try_from(piece.length).expect("it is small")];
        piece
            .file
            .read_at(&mut bytes, piece.position)
            .expect("the disk works");
        offsets.extend(Batches::new(&bytes).map(|batch| {
            let batch = batch.expect("it is whole");
            batch.header.base_offset.0
        }));
    }
    offsets
}

/// Where the batches of each segment end, and where the next segment begins.
fn segments(disk: &SeededDisk) -> Vec<(Offset, Option<Offset>)> {
    let entries = disk.list(&Path::new(DATA).join(NAME)).unwrap_or_default();
    let names = entries.iter().map(|entry| &*entry.name);
    let bases: Vec<Offset> = names
        .filter_map(|name| Some(Offset(name.strip_suffix(".log")?.parse().ok()?)))
        .collect();
    let end = |base: Offset| {
        let path = Path::new(DATA)
            .join(NAME)
            .join(format!("{:020}.log", base.0));
        let bytes = read(disk, &path);
        let whole = Batches::new(&bytes).map_while(Result::ok);
        let last = whole.filter(|batch| batch.check().is_ok()).last();
        last.map_or(base, |batch| batch.header.next_offset())
    };
    let behind = bases.iter().skip(1).copied().map(Some).chain([None]);
    bases.iter().copied().map(end).zip(behind).collect()
}

fn read(disk: &SeededDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).expect("it is there");
    let mut bytes =
        vec![0; usize::try_from(file.length().expect("the disk works")).expect("a small file")];
    file.read_at(&mut bytes, 0).expect("the disk works");
    bytes
}
