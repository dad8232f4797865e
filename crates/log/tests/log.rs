//! A log as its owner and its readers see it.

use std::io::{ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use ottla_env::fake::{ManualClock, SeededDisk};
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_log::dir::{DirectoryError, LogDirectory, MetaProperties};
use ottla_log::validate::{AppendRules, ValidBatch, validate};
use ottla_log::{AppendError, FoundOffset, Log, LogOptions, LogPoint, OpenError, ReadError};
use ottla_model::{
    BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, ProducerEpoch, ProducerId, Sequence,
    Timestamp, TopicId, Uuid,
};
use ottla_wire::control_record::{ControlRecord, EndTxnMarker, LeaderChangeMessage};
use ottla_wire::records::{
    Attributes, BATCH_OVERHEAD, BatchBuilder, BatchFields, Batches, Compression, TimestampType,
};

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
    validate(builder.build(), &rules, NOW).expect("it is right")
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
    log.assign_epoch(EPOCH).expect("the disk works");
    (0..10).for_each(|i| append(&mut log, 1000 + 10 * i));
    (directory, log)
}

#[test]
fn a_read_gives_whole_batches_up_to_its_bounds() {
    let (_directory, log) = filled(&disk());
    let reader = log.reader();
    let bytes = |from, max, up_to, forced| {
        reader
            .read(Offset(from), max, Offset(up_to), forced)
            .map(|slice| slice.bytes)
    };
    let size = batch(0).header().size as u64;
    assert_eq!(bytes(0, 10_000, 20, false).expect("in range"), 10 * size);
    assert_eq!(
        bytes(3, 10_000, 20, false).expect("in range"),
        9 * size,
        "from the batch that holds it"
    );
    assert_eq!(
        bytes(0, 10_000, 8, false).expect("in range"),
        4 * size,
        "across segments, below the bound"
    );
    assert_eq!(
        bytes(0, 1, 20, true).expect("in range"),
        size,
        "the first one whatever its size"
    );
    assert_eq!(bytes(0, size - 1, 20, false).expect("in range"), 0);
    assert_eq!(bytes(0, size, 20, false).expect("in range"), size);
    assert_eq!(
        bytes(20, 10_000, 20, true).expect("in range"),
        0,
        "nothing is there yet"
    );
    assert!(matches!(
        bytes(21, 1, 20, true),
        Err(ReadError::OutOfRange { .. })
    ));
}

#[test]
fn a_timestamp_finds_the_first_record_as_new() {
    let (_directory, log) = filled(&disk());
    let reader = log.reader();
    let find = |timestamp| {
        reader
            .offset_for_timestamp(Timestamp(timestamp))
            .expect("the disk works")
    };
    let found = |offset, timestamp| {
        Some(FoundOffset {
            offset: Offset(offset),
            timestamp: Timestamp(timestamp),
        })
    };
    assert_eq!(find(0), found(0, 1000));
    assert_eq!(find(1001), found(1, 1001));
    assert_eq!(find(1055), found(12, 1060));
    assert_eq!(find(1092), None);
    assert_eq!(
        reader.max_timestamp().expect("the disk works"),
        found(19, 1091)
    );
}

#[test]
fn a_timestamp_finds_nothing_below_the_log_start() {
    let (_directory, mut log) = filled(&disk());
    let find = |log: &Log<SeededDisk>| {
        log.reader()
            .offset_for_timestamp(Timestamp(0))
            .expect("the disk works")
            .expect("there are records")
    };
    log.advance_log_start(Offset(9), NOW)
        .expect("the disk works");
    assert_eq!(
        find(&log).offset,
        Offset(9),
        "in the segment's second batch"
    );
    log.advance_log_start(Offset(20), NOW)
        .expect("the disk works");
    let stamped = batch_by([5, 6], TimestampType::LogAppendTime);
    log.append_many(vec![stamped], EPOCH, NOW)
        .remove(0)
        .expect("it is appended");
    log.set_high_watermark(Offset(22));
    log.advance_log_start(Offset(21), NOW)
        .expect("the disk works");
    let second = FoundOffset {
        offset: Offset(21),
        timestamp: NOW,
    };
    assert_eq!(find(&log), second, "of a batch stamped as a whole");
}

#[test]
fn retention_takes_the_oldest_segments() {
    let (_directory, mut log) = filled(&disk());
    log.configure(LogOptions {
        retention_bytes: Some(400),
        ..options()
    });
    log.retain(NOW).expect("the disk works");
    assert_eq!(
        log.reader().log_start(),
        Offset(12),
        "the last that keeps 400 bytes"
    );
    log.configure(LogOptions {
        retention_age: Some(Duration::from_secs(1)),
        ..options()
    });
    log.retain(NOW).expect("the disk works");
    assert_eq!(
        log.reader().log_start(),
        Offset(20),
        "all are too old, the last one too"
    );
    append(&mut log, 5);
    assert_eq!(
        log.reader()
            .read(Offset(20), 1000, Offset(22), true)
            .expect("in range")
            .pieces
            .len(),
        1
    );
}

#[test]
fn what_is_not_replicated_is_retained() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = open(&directory);
    for i in 0..6 {
        log.append_many(vec![batch(i)], EPOCH, NOW)
            .remove(0)
            .expect("it is appended");
    }
    log.set_high_watermark(Offset(4));
    log.configure(LogOptions {
        retention_bytes: Some(0),
        ..options()
    });
    log.retain(NOW).expect("the disk works");
    assert_eq!(log.reader().log_start(), Offset(0));
}

#[test]
fn records_deleted_below_an_offset_are_gone() {
    let disk = disk();
    let (directory, mut log) = filled(&disk);
    log.advance_log_start(Offset(7), NOW)
        .expect("the disk works");
    let reader = log.reader();
    assert!(matches!(
        reader.read(Offset(6), 1000, Offset(20), true),
        Err(ReadError::OutOfRange { .. })
    ));
    assert_eq!(
        reader
            .read(Offset(7), 10_000, Offset(20), true)
            .expect("in range")
            .pieces
            .len(),
        3
    );
    let start = reader
        .offset_for_timestamp(Timestamp(0))
        .expect("the disk works")
        .expect("there are records");
    assert_eq!(start.offset, Offset(7));
    log.close().expect("the disk works");
    directory
        .write_checkpoints(&[(NAME.into(), log.point())])
        .expect("the disk works");
    drop((log, directory));
    let directory = self::directory(&disk);
    assert_eq!(open(&directory).reader().log_start(), Offset(7));
}

#[test]
fn the_epochs_of_what_is_gone_are_forgotten() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    log.assign_epoch(EPOCH.next()).expect("the disk works");
    append(&mut log, 2000);
    let path = Path::new(DATA).join(NAME).join("leader-epoch-checkpoint");
    let told = |disk: &SeededDisk| String::from_utf8(read(disk, &path)).expect("it is text");
    assert_eq!(told(&disk), "0\n2\n4 0\n5 20\n");
    log.advance_log_start(Offset(7), NOW)
        .expect("the disk works");
    assert_eq!(told(&disk), "0\n2\n4 7\n5 20\n");
    log.configure(LogOptions {
        retention_bytes: Some(0),
        ..options()
    });
    log.retain(NOW).expect("the disk works");
    assert_eq!(told(&disk), "0\n1\n5 22\n");
    assert_eq!(
        log.reader().end_offset_for_epoch(EPOCH),
        (EPOCH, Offset(22))
    );
}

#[test]
fn a_batch_may_be_as_large_as_a_segment() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = open(&directory);
    let size = batch(0).header().size as u64;
    for (segment_bytes, fits) in [(size - 1, false), (size, true)] {
        log.configure(LogOptions {
            segment_bytes,
            ..options()
        });
        let results = log.append_many(vec![batch(0)], EPOCH, NOW);
        assert_eq!(results[0].is_ok(), fits, "{segment_bytes}");
    }
}

#[test]
fn a_segment_ends_where_its_indexes_can_count_no_further() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = open_metadata(&directory);
    let spanning = |offset: i64, last_offset_delta: i32| {
        let mut bytes = raw(offset).to_vec();
        bytes[23..27].copy_from_slice(&last_offset_delta.to_be_bytes());
        bytes
    };
    let most = i32::MAX;
    for batch in [spanning(0, most - 1), raw(i64::from(most)).to_vec()] {
        log.append_raw(&batch, NOW).expect("the disk works");
    }
    let behind = segments(&disk).into_iter().map(|(_, behind)| behind);
    let expected = [Some(Offset(i64::from(most))), None];
    assert_eq!(behind.collect::<Vec<_>>(), expected);
}

#[test]
fn nothing_follows_a_failed_write() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    disk.fail_at(disk.operations(), ErrorKind::StorageFull);
    let results = log.append_many(vec![batch(1), batch(2)], EPOCH, NOW);
    assert!(
        results
            .iter()
            .all(|result| matches!(result, Err(AppendError::Io(_))))
    );
    let later = log
        .append_many(vec![batch(3)], EPOCH, NOW)
        .remove(0)
        .expect_err("the log is broken");
    assert_eq!(later.code(), ErrorCode::KafkaStorageError);
    assert_eq!(log.end(), Offset(20));
}

#[test]
fn what_was_rolled_is_synced_without_what_is_being_written() {
    for seed in 0..40 {
        let disk = disk();
        {
            let (directory, mut log) = filled(&disk);
            let job = log.sealed_unsynced().expect("three segments were rolled");
            append(&mut log, 2000);
            let synced = job.run().expect("the disk works");
            log.synced(synced);
            assert_eq!(log.synced_end(), Offset(18), "where the last one begins");
            assert!(log.sealed_unsynced().is_none());
            assert!(log.unsynced().is_some(), "the last one is not on disk");
            directory
                .write_checkpoints(&[(NAME.into(), log.point())])
                .expect("the disk works");
        }
        disk.crash(seed);
        let log = directory(&disk)
            .open_log(NAME, TOPIC, options(), NOW, false)
            .expect("it opens");
        assert!(log.end() >= Offset(18), "seed {seed}: {}", log.end());
    }
}

#[test]
fn what_a_killed_process_wrote_is_not_yet_on_disk() {
    for seed in 0..20 {
        let disk = disk();
        drop(filled(&disk));
        disk.kill();
        {
            let directory = directory(&disk);
            let mut log = directory
                .open_log(NAME, TOPIC, options(), NOW, false)
                .expect("it opens");
            assert_eq!((log.end(), log.synced_end()), (Offset(20), Offset(0)));
            let job = log.unsynced().expect("nothing was ever synced");
            let synced = job.run().expect("the disk works");
            log.synced(synced);
            directory
                .write_checkpoints(&[(NAME.into(), log.point())])
                .expect("the disk works");
        }
        disk.crash(seed);
        let log = directory(&disk)
            .open_log(NAME, TOPIC, options(), NOW, false)
            .expect("it opens");
        assert_eq!(log.end(), Offset(20), "seed {seed}");
    }
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

#[test]
fn a_power_cut_leaves_no_hole_in_the_metadata_log() {
    for seed in 0..200 {
        let disk = disk();
        {
            let mut log = open_metadata(&directory(&disk));
            for offset in (0..20).step_by(2) {
                log.append_raw(&raw(offset), NOW).expect("the disk works");
            }
        }
        disk.crash(seed);
        // Apache Kafka does not look for one.
        for (segment, behind) in segments(&disk) {
            assert!(behind.is_none_or(|behind| segment == behind), "seed {seed}");
        }
        // The power fails again while the first crash is mended.
        disk.crash_before(disk.operations() + seed % 8);
        let directory = LogDirectory::open(disk.clone(), Path::new(DATA));
        drop(directory.map(|directory| {
            drop(try_open_metadata(&directory, 0));
        }));
        disk.crash(seed + 1);
        let log = open_metadata(&self::directory(&disk));
        let found = base_offsets(&log);
        let expected: Vec<i64> = (0..log.end().0).step_by(2).collect();
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn a_wrong_base_offset_ends_the_log() {
    for byte in 0..8 {
        let disk = disk();
        {
            let mut log = open_unclean(&directory(&disk));
            for offset in (0..20).step_by(2) {
                log.append_raw(&raw(offset), NOW).expect("the disk works");
            }
        }
        disk.kill();
        let second = raw(0).len();
        let file = PathBuf::from(format!("{DATA}/{NAME}/{:020}.log", 0));
        disk.corrupt(&file, second + byte).expect("it is there");
        let log = open_unclean(&directory(&disk));
        // A small one could be the hole that a compaction left.
        if byte < 5 {
            assert_eq!(log.end(), Offset(2), "byte {byte}");
        }
    }
}

/// The control batch that an epoch of the quorum begins with.
fn control(offset: i64) -> Bytes {
    let fields = BatchFields {
        base_offset: Offset(offset),
        leader_epoch: EPOCH.next(),
        attributes: Attributes::default().control(),
        ..BatchFields::default()
    };
    let record = ControlRecord::LeaderChange(LeaderChangeMessage::default());
    let mut builder = BatchBuilder::new(fields, Compression::None);
    let (key, value) = (record.encode_key(), record.encode_value());
    builder.push(NOW, Some(&key), Some(&value), []);
    builder.build()
}

/// Opens a metadata log of these batches, of which one byte is damaged.
fn damaged_metadata(
    batches: &[Bytes],
    at: usize,
    on_disk: i64,
) -> Result<Log<SeededDisk>, OpenError> {
    let disk = disk();
    {
        let directory = directory(&disk);
        let mut log = open_metadata(&directory);
        log.configure(LogOptions {
            segment_bytes: 1 << 20,
            ..metadata_options()
        });
        for batch in batches {
            log.append_raw(batch, NOW).expect("the disk works");
        }
    }
    let file = PathBuf::from(format!("{DATA}/{NAME}/{:020}.log", 0));
    disk.corrupt(&file, at).expect("it is there");
    let before = read(&disk, &file);
    let opened = try_open_metadata(&directory(&disk), on_disk);
    if opened.is_err() {
        assert_eq!(read(&disk, &file), before, "it is left as it was");
    }
    opened
}

#[test]
fn a_torn_end_of_the_metadata_log_is_cut() {
    let batches = [raw(0), raw(2), raw(4)];
    let size = raw(0).len();
    for (at, end) in [(10, 0), (size, 2), (size + 70, 2), (3 * size - 1, 4)] {
        let log = damaged_metadata(&batches, at, 0).expect("it opens");
        assert_eq!(log.end(), Offset(end), "damaged at {at}");
    }
    let log = damaged_metadata(&batches, 3 * size - 1, 4).expect("it opens");
    assert_eq!(log.end(), Offset(4));
}

#[test]
fn the_metadata_log_is_not_cut_where_it_was_on_disk() {
    let size = raw(0).len();
    let is_refused = |batches: &[Bytes], at: usize, on_disk| {
        let refused = damaged_metadata(batches, at, on_disk);
        assert!(
            matches!(refused, Err(OpenError::Damaged { at: begin, .. }) if begin == (at / size * size) as u64),
            "{refused:?}"
        );
    };
    // A later epoch begins behind it.
    let batches = [raw(0), raw(2), control(4), raw(5)];
    for at in [3, 8, 30, size + 3, 2 * size - 1] {
        is_refused(&batches, at, 0);
    }
    // A snapshot contains it.
    let batches = [raw(0), raw(2), raw(4)];
    for (at, on_disk) in [(70, 1), (size + 16, 3), (3 * size - 1, i64::MAX)] {
        is_refused(&batches, at, on_disk);
    }
}

#[test]
fn a_segment_of_the_metadata_log_that_is_damaged_or_gone_is_named() {
    for is_gone in [false, true] {
        let disk = disk();
        {
            let mut log = open_metadata(&directory(&disk));
            for offset in (0..40).step_by(2) {
                log.append_raw(&raw(offset), NOW).expect("the disk works");
            }
        }
        disk.kill();
        let names = segment_files(&disk);
        assert!(names.len() > 2, "{names:?}");
        let file = Path::new(DATA).join(NAME).join(&names[1]);
        let base: i64 = names[1][..20].parse().expect("an offset");
        let said = if is_gone {
            disk.remove_file(&file).expect("it is there");
            format!("/{NAME}: the records from offset {base} on are missing")
        } else {
            disk.corrupt(&file, 80).expect("it is there");
            format!("/{NAME}/{}: ", names[1])
        };
        for _ in 0..2 {
            let refused = try_open_metadata(&directory(&disk), 0);
            let sentence = refused.expect_err("it was on disk").to_string();
            assert!(sentence.contains(&said), "{sentence}");
            assert!(sentence.contains("put back a copy"), "{sentence}");
        }
        assert_eq!(
            segment_files(&disk).len(),
            names.len() - usize::from(is_gone)
        );
    }
}

#[test]
fn what_a_start_began_without_the_segments_of_the_metadata_log_goes_once_they_are_back() {
    let disk = disk();
    {
        let mut log = open_metadata(&directory(&disk));
        for offset in (0..40).step_by(2) {
            log.append_raw(&raw(offset), NOW).expect("the disk works");
        }
    }
    let names = segment_files(&disk);
    let of = |name: &String| Path::new(DATA).join(NAME).join(name);
    // Those before it are in a snapshot.
    let (last, others) = names.split_last().expect("it has segments");
    let base: i64 = last[..20].parse().expect("an offset");
    let kept = read(&disk, &of(last));
    for name in others.iter().chain([last]) {
        disk.remove_file(&of(name)).expect("it is there");
    }
    assert_eq!(open_metadata(&directory(&disk)).end(), Offset(0));
    let file = disk.open(&of(last), OpenMode::Create);
    file.and_then(|file| file.write_at(&mut [IoSlice::new(&kept)], 0))
        .expect("the disk works");
    let log = open_metadata(&directory(&disk));
    assert_eq!(log.end(), Offset(40));
    assert_eq!(log.reader().log_start(), Offset(base));
    assert_eq!(segment_files(&disk), std::slice::from_ref(last));
}

#[test]
fn a_log_that_ends_before_its_start_begins_anew_there() {
    for is_clean in [true, false] {
        let disk = disk();
        let (directory, mut log) = filled(&disk);
        log.close().expect("the disk works");
        let point = LogPoint {
            log_start: log.end() + 7,
            ..log.point()
        };
        directory
            .write_checkpoints(&[(NAME.into(), point)])
            .expect("the disk works");
        drop((log, directory));
        let directory = self::directory(&disk);
        let open = || directory.open_log(NAME, TOPIC, options(), NOW, is_clean);
        let mut log = open().expect("it opens");
        let reader = log.reader();
        assert_eq!(
            (reader.log_start(), log.end()),
            (point.log_start, point.log_start)
        );
        assert_eq!(segment_files(&disk).len(), 1);
        log.assign_epoch(EPOCH).expect("the disk works");
        append(&mut log, 1000);
        assert_eq!(base_offsets(&log), [point.log_start.0]);
        drop(log);
        let log = open().expect("it opens");
        assert_eq!(base_offsets(&log), [point.log_start.0]);
        assert_eq!(log.reader().epoch_of(point.log_start), EPOCH);
    }
}

#[test]
fn an_index_that_points_behind_the_end_is_made_anew() {
    let disk = disk();
    let directory = directory(&disk);
    let options = LogOptions {
        segment_bytes: 1 << 20,
        ..options()
    };
    let open = || {
        directory
            .open_log(NAME, TOPIC, options.clone(), NOW, true)
            .expect("it opens")
    };
    let mut log = open();
    (0..3).for_each(|i| append(&mut log, 1000 + 10 * i));
    log.close().expect("the disk works");
    drop(log);
    let index = PathBuf::from(format!("{DATA}/{NAME}/{:020}.index", 0));
    let right = read(&disk, &index);
    assert_eq!(right.len(), 8, "an entry for the third batch");
    disk.corrupt(&index, 0).expect("it is there");
    let mut log = open();
    (3..10).for_each(|i| append(&mut log, 1000 + 10 * i));
    assert_eq!(log.end(), Offset(20));
    log.close().expect("the disk works");
    assert_eq!(read(&disk, &index)[..8], right);
}

#[test]
fn records_without_a_time_are_not_read_again_after_a_clean_stop() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = open(&directory);
    log.assign_epoch(EPOCH).expect("the disk works");
    for _ in 0..10 {
        let batch = batch_by([-1, -1], TimestampType::CreateTime);
        let mut appended = log.append_many(vec![batch], EPOCH, NOW);
        appended.remove(0).expect("it is appended");
    }
    log.close().expect("the disk works");
    drop(log);
    let first = PathBuf::from(format!("{DATA}/{NAME}/{:020}.log", 0));
    let middle = BATCH_OVERHEAD + 1;
    disk.corrupt(&first, middle).expect("it is there");
    let log = open(&directory);
    assert_eq!(log.end(), Offset(20));
    let kept = read(&disk, &first).len();
    assert_eq!(
        kept, 300,
        "cut where reading it would have found the damage"
    );
}

#[test]
fn transactions_that_another_broker_wrote_end_with_their_markers() {
    let fields = |offset: i64, attributes: Attributes| BatchFields {
        base_offset: Offset(offset),
        leader_epoch: EPOCH,
        attributes,
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(1),
        base_sequence: Sequence(if attributes.is_control() { -1 } else { 0 }),
    };
    let in_transaction = Attributes::default().transactional();
    let mut data = BatchBuilder::new(fields(0, in_transaction), Compression::None);
    data.push(NOW, None, Some(b"v"), []);
    data.push(NOW, None, Some(b"v"), []);
    let marker = ControlRecord::Abort(EndTxnMarker {
        coordinator_epoch: 3,
    });
    let mut end = BatchBuilder::new(fields(2, in_transaction.control()), Compression::None);
    let (key, value) = (marker.encode_key(), marker.encode_value());
    end.push(NOW, Some(&key), Some(&value), []);
    let disk = disk();
    {
        let mut log = open(&directory(&disk));
        log.append_raw(&data.build(), NOW).expect("the disk works");
        log.set_high_watermark(Offset(2));
        assert_eq!(log.reader().last_stable_offset(), Offset(0));
        log.append_raw(&end.build(), NOW).expect("the disk works");
        assert_eq!(
            log.reader().last_stable_offset(),
            Offset(0),
            "the marker is not replicated"
        );
        log.set_high_watermark(Offset(3));
        assert_eq!(log.reader().last_stable_offset(), Offset(3));
    }
    for is_clean in [false, true] {
        disk.kill();
        let directory = directory(&disk);
        let mut log = directory
            .open_log(NAME, TOPIC, options(), NOW, is_clean)
            .expect("it opens");
        log.set_high_watermark(Offset(3));
        assert_eq!(log.reader().last_stable_offset(), Offset(3));
        log.close().expect("the disk works");
    }
    let snapshot = PathBuf::from(format!("{DATA}/{NAME}/{:020}.snapshot", 3));
    let bytes = read(&disk, &snapshot);
    assert_eq!(bytes[44..48], 3i32.to_be_bytes(), "the coordinator's epoch");
    assert_eq!(bytes[48..56], (-1i64).to_be_bytes(), "no transaction");
}

#[test]
fn nothing_follows_a_failed_raw_write() {
    let disk = disk();
    let mut log = open_metadata(&directory(&disk));
    log.append_raw(&raw(0), NOW).expect("the disk works");
    assert!(log.append_raw(&raw(2)[..70], NOW).is_err());
    let two = [raw(2), raw(4).slice(..70)].concat();
    assert!(log.append_raw(&two, NOW).is_err());
    assert_eq!(log.end(), Offset(2), "all or nothing of what is no batch");
    log.append_raw(&raw(2), NOW).expect("the disk works");
    disk.fail_at(disk.operations(), ErrorKind::StorageFull);
    let error = log.append_raw(&raw(4), NOW).expect_err("the disk is full");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    let error = log.append_raw(&raw(4), NOW).expect_err("the log is broken");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(log.end(), Offset(4));
    assert!(log.close().is_err(), "it is not clean");
}

#[test]
fn old_records_do_not_make_a_segment_each() {
    let disk = disk();
    let directory = directory(&disk);
    let options = LogOptions {
        segment_bytes: 1 << 20,
        segment_age: Duration::from_millis(500),
        ..options()
    };
    let mut log = directory
        .open_log(NAME, TOPIC, options, NOW, true)
        .expect("it opens");
    (0..10).for_each(|i| append(&mut log, 1000 + 10 * i));
    let logs = |disk: &SeededDisk| {
        let entries = disk.list(&Path::new(DATA).join(NAME)).expect("it is there");
        entries
            .iter()
            .filter(|entry| entry.name.ends_with(".log"))
            .count()
    };
    assert_eq!(logs(&disk), 1);
    // Its last record is as old as the segment may be.
    append(&mut log, 1500);
    assert_eq!(logs(&disk), 1);
    append(&mut log, 1501);
    assert_eq!(logs(&disk), 2);
}

#[test]
fn a_compaction_that_was_swapping_is_finished_and_one_that_was_writing_is_undone() {
    for (suffix, end) in [(".swap", true), (".cleaned", false)] {
        let disk = disk();
        let (directory, mut log) = filled(&disk);
        log.close().expect("the disk works");
        drop(log);
        let path = |base: i64, suffix: &str| {
            PathBuf::from(format!("{DATA}/{NAME}/{base:020}.log{suffix}"))
        };
        // The new segment for the first two holds the second batch only up to offset 11.
        let copy: Vec<u8> = read(&disk, &path(6, ""));
        let file = disk
            .open(&path(0, suffix), OpenMode::Create)
            .expect("it is made");
        file.write_at(&mut [IoSlice::new(&copy)], 0)
            .expect("the disk works");
        let log = open(&directory);
        assert_eq!(log.end(), Offset(20));
        let first = log
            .reader()
            .read(Offset(0), 10_000, Offset(20), false)
            .expect("in range");
        assert_eq!(first.pieces.len(), if end { 3 } else { 4 }, "{suffix}");
        let left = disk.list(&Path::new(DATA).join(NAME)).expect("it is there");
        assert!(!left.iter().any(|entry| entry.name.ends_with(suffix)));
    }
}

fn read(disk: &SeededDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).expect("it is there");
    let mut bytes =
        vec![0; usize::try_from(file.length().expect("the disk works")).expect("a small file")];
    file.read_at(&mut bytes, 0).expect("the disk works");
    bytes
}

#[test]
fn a_directory_belongs_to_one_process_and_a_log_to_one_topic() {
    let disk = disk();
    let (directory, log) = filled(&disk);
    assert!(matches!(
        LogDirectory::open(disk, Path::new(DATA)).err(),
        Some(DirectoryError::Locked { .. })
    ));
    let other = TopicId(Uuid::from_u128(99));
    assert!(matches!(
        directory.open_log(NAME, other, options(), NOW, true).err(),
        Some(OpenError::TopicId { .. })
    ));
    assert_eq!(
        directory.logs().expect("the disk works")[0].topic_id,
        Some(TOPIC)
    );
    drop(log);
    let aside = directory
        .delete_log(NAME, Uuid::from_u128(0xabc))
        .expect("the disk works");
    assert_eq!(
        aside,
        Some(PathBuf::from(
            "/data/topic-0.00000000000000000000000000000abc-delete"
        ))
    );
    assert!(directory.logs().expect("the disk works").is_empty());
    let again = directory
        .delete_log(NAME, Uuid::from_u128(0xabd))
        .expect("there is nothing to delete");
    assert_eq!(again, None);
}

#[test]
fn a_clean_shutdown_counts_once() {
    let disk = disk();
    let directory = directory(&disk);
    assert_eq!(
        directory.take_clean_shutdown().expect("the disk works"),
        None
    );
    directory
        .write_clean_shutdown(BrokerEpoch(12))
        .expect("the disk works");
    let text = read(&disk, Path::new("/data/.kafka_cleanshutdown"));
    assert_eq!(text, br#"{"version":0,"brokerEpoch":12}"#);
    assert_eq!(
        directory.take_clean_shutdown().expect("the disk works"),
        Some(BrokerEpoch(12))
    );
    assert_eq!(
        directory.take_clean_shutdown().expect("the disk works"),
        None
    );
}

#[test]
fn restarts_do_not_pile_up_producer_snapshots() {
    let disk = disk();
    let (directory, mut log) = filled(&disk);
    for i in 0..3 {
        append(&mut log, i);
        log.close().expect("the disk works");
        drop(log);
        log = open(&directory);
    }
    let entries = disk.list(&Path::new(DATA).join(NAME)).expect("it is there");
    let names: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry.name.strip_suffix(".snapshot"))
        .collect();
    let offsets: Vec<i64> = names
        .iter()
        .map(|name| name.parse().expect("it is named by an offset"))
        .collect();
    assert_eq!(
        offsets,
        [6, 12, 18, 24, 26],
        "at each segment's base, and the newest"
    );
}

#[test]
fn a_new_log_of_a_deleted_ones_name_is_scanned_after_a_crash() {
    for seed in 0..40 {
        let disk = disk();
        {
            let (directory, mut log) = filled(&disk);
            log.close().expect("the disk works");
            directory
                .write_checkpoints(&[(NAME.into(), log.point())])
                .expect("the disk works");
            drop(log);
            directory
                .delete_log(NAME, Uuid::from_u128(7))
                .expect("the disk works");
            let mut new = open(&directory);
            (0..10).for_each(|i| append(&mut new, 1000 + 10 * i));
        }
        disk.crash(seed);
        let log = directory(&disk)
            .open_log(NAME, TOPIC, options(), NOW, false)
            .expect("it opens");
        let slice = log
            .reader()
            .read(Offset(0), 10_000, log.end(), true)
            .expect("in range");
        for piece in slice.pieces {
            let mut bytes = vec![0; usize::try_from(piece.length).expect("it is small")];
            piece
                .file
                .read_at(&mut bytes, piece.position)
                .expect("the disk works");
            for batch in Batches::new(&bytes) {
                let whole = batch.expect("it is whole").check();
                assert!(whole.is_ok(), "seed {seed}: {whole:?}");
            }
        }
    }
}

#[test]
fn a_directory_that_an_interrupted_start_made_outlives_a_crash() {
    let path = Path::new("/deep/data");
    for seed in 0..40 {
        for operation in 0..6 {
            let disk = disk();
            disk.crash_before(operation);
            drop(LogDirectory::open(disk.clone(), path));
            disk.kill();
            let directory = LogDirectory::open(disk.clone(), path).expect("nobody else has it");
            let properties = MetaProperties {
                cluster_id: "c".to_owned(),
                node_id: NodeId(1),
                directory_id: None,
            };
            directory
                .write_meta_properties(&properties)
                .expect("the disk works");
            drop(directory);
            disk.crash(seed);
            let directory = LogDirectory::open(disk.clone(), path).expect("nobody else has it");
            let found = directory.meta_properties().expect("it is right");
            assert!(found.is_some(), "seed {seed}, operation {operation}");
        }
    }
}

#[test]
fn retention_that_a_crash_interrupts_takes_nothing_but_the_oldest() {
    for seed in 0..40 {
        for operation in 0..20 {
            let disk = disk();
            {
                let (_directory, mut log) = filled(&disk);
                let end = log.unsynced().expect("it was written").run();
                log.synced(end.expect("the disk works"));
                log.configure(LogOptions {
                    retention_bytes: Some(1),
                    ..options()
                });
                disk.crash_before(disk.operations() + operation);
                // It fails where the machine crashes.
                drop(log.retain(NOW));
            }
            disk.crash(seed);
            let log = directory(&disk)
                .open_log(NAME, TOPIC, options(), NOW, false)
                .expect("it opens");
            let place = format!("seed {seed}, operation {operation}");
            assert_eq!(log.end(), Offset(20), "{place}");
            let start = log.reader().log_start();
            assert_eq!(log.reader().epoch_of(start), EPOCH, "{place}");
        }
    }
}

#[test]
fn what_is_left_of_a_log_that_was_not_begun_is_removed() {
    let whole = {
        let disk = disk();
        let directory = directory(&disk);
        let before = disk.operations();
        drop(open(&directory));
        disk.operations() - before
    };
    for operation in 0..=whole {
        let disk = disk();
        {
            let directory = directory(&disk);
            disk.crash_before(disk.operations() + operation);
            // It fails where the machine crashes.
            drop(directory.open_log(NAME, TopicId::METADATA, options(), NOW, true));
        }
        disk.kill();
        let directory = directory(&disk);
        directory.remove_deleted().expect("the disk works");
        for log in directory.logs().expect("the disk works") {
            assert_eq!(log.topic_id, Some(TopicId::METADATA), "{operation}");
        }
    }
}
