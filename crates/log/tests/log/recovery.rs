//! What a start makes of a topic's log.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use ottla_env::fake::SeededDisk;
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_log::{LogOptions, LogPoint};
use ottla_model::{Offset, ProducerEpoch, ProducerId, Sequence};
use ottla_wire::control_record::{ControlRecord, EndTxnMarker};
use ottla_wire::records::{
    Attributes, BATCH_OVERHEAD, BatchBuilder, BatchFields, Compression, TimestampType,
};

use super::{
    DATA, EPOCH, NAME, NOW, TOPIC, append, base_offsets, batch_by, directory, disk, filled, open,
    open_unclean, options, raw, read, segment_files,
};

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
        log.assign_epoch(EPOCH);
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
    log.assign_epoch(EPOCH);
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
    assert_eq!(
        snapshots(&disk),
        [6, 12, 18, 24],
        "at each segment's base: what little is behind the last one is read"
    );
}

#[test]
fn of_much_that_was_written_the_newest_snapshot_alone_tells() {
    let disk = disk();
    let directory = directory(&disk);
    let options = LogOptions {
        segment_bytes: 1 << 20,
        ..options()
    };
    for i in 0..3 {
        let log = directory.open_log(NAME, TOPIC, options.clone(), NOW, true);
        let mut log = log.expect("it opens");
        let fields = BatchFields {
            base_offset: log.end(),
            leader_epoch: EPOCH,
            ..BatchFields::default()
        };
        let mut batch = BatchBuilder::new(fields, Compression::None);
        batch.push(NOW, None, Some(&[b'x'; 70_000]), []);
        log.append_raw(&batch.build(), NOW).expect("the disk works");
        log.close().expect("the disk works");
        assert_eq!(snapshots(&disk), [i + 1]);
    }
}

fn snapshots(disk: &SeededDisk) -> Vec<i64> {
    let entries = disk.list(&Path::new(DATA).join(NAME)).expect("it is there");
    let names = entries
        .iter()
        .filter_map(|entry| entry.name.strip_suffix(".snapshot"));
    names
        .map(|name| name.parse().expect("it is named by an offset"))
        .collect()
}
