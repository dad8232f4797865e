//! Where segments end, and what follows a write that fails or is not synced.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use ottla_env::Disk;
use ottla_env::fake::SeededDisk;
use ottla_log::{AppendError, LogOptions};
use ottla_model::{ErrorCode, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use ottla_wire::records::{BatchBuilder, BatchFields, Compression, TimestampType};

use super::{
    DATA, EPOCH, NAME, NOW, TOPIC, append, batch, directory, disk, filled, open, open_metadata,
    options, raw, segments, validated,
};

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
fn of_a_batch_that_is_there_already_the_time_is_told_whoever_set_it() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = open(&directory);
    let fields = BatchFields {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        ..BatchFields::default()
    };
    let mut builder = BatchBuilder::new(fields, Compression::None);
    builder.push(Timestamp(1005), None, None, []);
    let batch = validated(&builder.build(), TimestampType::CreateTime);
    for (duplicate, time) in [(false, Timestamp::NONE), (true, Timestamp(1005))] {
        let mut results = log.append_many(vec![batch.clone()], EPOCH, NOW);
        let appended = results.remove(0).expect("it is appended");
        assert_eq!(
            (appended.duplicate, appended.log_append_time),
            (duplicate, time)
        );
    }
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
