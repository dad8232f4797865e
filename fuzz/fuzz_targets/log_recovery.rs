//! Whatever files a log directory holds, its logs open or say why not. What opens can be read and written, and opens again as it was left.
#![no_main]

use std::path::Path;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use ottla_env::DiskFile;
use ottla_env::fake::{ManualClock, SeededDisk};
use ottla_fuzz::files;
use ottla_log::dir::{FoundLog, LogDirectory};
use ottla_log::validate::{AppendRules, validate};
use ottla_log::{Log, LogOptions, LogReader};
use ottla_model::{BrokerEpoch, LeaderEpoch, Offset, Timestamp, TopicId, Uuid};
use ottla_wire::records::{BatchBuilder, BatchFields, Batches, Compression, TimestampType};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const TOPIC: TopicId = TopicId(Uuid::from_u128(77));
/// What is read of a log at once. Bytes.
const READ_BYTES: u64 = 1 << 16;

fuzz_target!(|row: &[u8]| {
    let disk = SeededDisk::new(ManualClock::new(NOW));
    files::write(&disk, &files::unpack(row));
    let Some(directory) = open(&disk) else { return };
    let _ = directory.meta_properties();
    let was_clean = matches!(directory.take_clean_shutdown(), Ok(Some(_)));
    let Ok(found) = directory.logs() else { return };
    let _ = directory.remove_deleted();
    for log in &found {
        if let Some(log) = open_log(&directory, log, was_clean) {
            read(&log.reader());
        }
    }
    drop(directory);
    // As after a kill: all is read.
    for log in &found {
        again(&disk, log);
    }
});

/// Opened once it opens again, with the same end, and takes the next batch there.
fn again(disk: &SeededDisk, found: &FoundLog) {
    let directory = open(disk).expect("it opened before");
    let Some(log) = open_log(&directory, found, false) else {
        return;
    };
    let (start, end) = (log.reader().log_start(), log.end());
    assert!(start <= end, "{start} > {end}");
    drop(log);
    let mut log = open_log(&directory, found, false).expect("what was mended opens");
    assert_eq!((log.reader().log_start(), log.end()), (start, end));
    read(&log.reader());
    if end.0 > i64::MAX / 2 {
        return;
    }
    let epoch = LeaderEpoch(i32::MAX);
    log.assign_epoch(epoch);
    let appended = log.append_many(vec![valid_batch()], epoch, NOW);
    let at = appended[0].as_ref().expect("there is room for one more");
    assert_eq!(at.base_offset, end);
    log.set_high_watermark(log.end());
    log.close().expect("the disk works");
    directory
        .write_checkpoints(&[(found.name.clone(), log.point())])
        .and_then(|()| directory.write_clean_shutdown(BrokerEpoch(5)))
        .expect("the disk works");
    drop((log, directory));
    let directory = open(disk).expect("it opened before");
    let log = open_log(&directory, found, true).expect("what was closed opens");
    assert_eq!((log.reader().log_start(), log.end()), (start, end.next()));
}

fn open(disk: &SeededDisk) -> Option<LogDirectory<SeededDisk>> {
    LogDirectory::open(disk.clone(), Path::new(files::DATA)).ok()
}

fn open_log(
    directory: &LogDirectory<SeededDisk>,
    found: &FoundLog,
    was_clean: bool,
) -> Option<Log<SeededDisk>> {
    let options = LogOptions {
        segment_bytes: 1 << 20,
        segment_age: Duration::from_secs(3600),
        index_interval_bytes: 100,
        index_bytes: 1 << 20,
        retention_bytes: None,
        retention_age: None,
        deletes: found.partition.0 == 0,
        producer_expiration: Duration::from_secs(3600),
    };
    if found.name == files::METADATA {
        let on_disk = if was_clean { Offset::MAX } else { Offset::ZERO };
        return directory
            .open_metadata_log(&found.name, options, NOW, on_disk)
            .ok();
    }
    let id = found.topic_id.unwrap_or(TOPIC);
    directory
        .open_log(&found.name, id, options, NOW, was_clean)
        .ok()
}

/// Reads all that can be read, and looks for times.
fn read(reader: &LogReader<SeededDisk>) {
    let _ = reader.max_timestamp();
    for time in [Timestamp(0), NOW, Timestamp(i64::MAX)] {
        let _ = reader.offset_for_timestamp(time);
    }
    let mut from = reader.log_start();
    while let Ok(slice) = reader.read(from, READ_BYTES, reader.end(), true) {
        let asked = from;
        for piece in slice.pieces {
            let mut bytes = vec![0; usize::try_from(piece.length).expect("a read is bounded")];
            let _ = piece.file.read_at(&mut bytes, piece.position);
            for batch in Batches::new(&bytes).map_while(Result::ok) {
                from = from.max(batch.header.next_offset());
            }
        }
        if from == asked {
            return;
        }
    }
}

fn valid_batch() -> ottla_log::validate::ValidBatch {
    let rules = AppendRules {
        produce_version: 13,
        max_batch_bytes: 1 << 20,
        max_uncompressed_bytes: 1 << 20,
        timestamp_type: TimestampType::CreateTime,
        before_max_ms: i64::MAX,
        after_max_ms: i64::MAX,
        needs_keys: false,
        compression: None,
    };
    let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
    builder.push(NOW, None, Some(b"one more"), []);
    validate(builder.build(), &rules, NOW).expect("it is right")
}
