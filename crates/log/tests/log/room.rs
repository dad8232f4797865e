//! Room on the disk that is taken before it is needed.

use ottla_env::fake::SeededDisk;
use ottla_log::{Log, LogOptions};
use ottla_model::{Offset, Timestamp};
use ottla_wire::records::{BatchBuilder, BatchFields, Compression, TimestampType};

use super::{EPOCH, NAME, NOW, TOPIC, directory, disk, options, validated};

const RECORD: usize = 100 << 10;

/// Such segments hold fifty records.
fn roomy() -> LogOptions {
    LogOptions {
        segment_bytes: 50 * (RECORD as u64 + 100),
        ..options()
    }
}

fn append(log: &mut Log<SeededDisk>, records: usize) {
    for _ in 0..records {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        builder.push(Timestamp(1000), None, Some(&[b'x'; RECORD]), []);
        let batch = validated(&builder.build(), TimestampType::CreateTime);
        log.append_many(vec![batch], EPOCH, NOW)
            .remove(0)
            .expect("it is appended");
    }
}

fn sync(log: &mut Log<SeededDisk>) {
    let synced = log.unsynced().expect("it was written").run();
    log.synced(synced.expect("the disk works"));
}

#[test]
fn room_ahead_grows_with_the_segment_up_to_a_quarter_of_it() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = directory
        .open_log(NAME, TOPIC, roomy(), NOW, true)
        .expect("it opens");
    append(&mut log, 1);
    assert_eq!(disk.reserved(), 0, "the log is small");
    let mut was_reserved = false;
    for records in 2..200 {
        append(&mut log, 1);
        let newest = ((records - 1) % 50 + 1) * (RECORD as u64 + 100);
        assert!(
            disk.reserved() <= newest / 4,
            "{} beyond about {newest}",
            disk.reserved()
        );
        was_reserved |= disk.reserved() > 0;
    }
    assert!(was_reserved);
}

#[test]
fn a_log_that_ends_or_is_idle_has_no_more_room_than_it_needs() {
    let disk = disk();
    let directory = directory(&disk);
    let mut log = directory
        .open_log(NAME, TOPIC, roomy(), NOW, true)
        .expect("it opens");
    append(&mut log, 20);
    assert!(disk.reserved() > 0);
    sync(&mut log);
    for _ in 0..2 {
        log.give_back_unused().expect("the disk works");
    }
    assert_eq!((disk.reserved(), disk.open_files()), (0, 0));
    append(&mut log, 1);
    assert!(disk.reserved() > 0, "it is used again");
    log.close().expect("the disk works");
    assert_eq!(disk.reserved(), 0);
}

#[test]
fn what_a_kill_leaves_reserved_the_next_start_gives_back() {
    let disk = disk();
    let log_directory = directory(&disk);
    let mut log = log_directory
        .open_log(NAME, TOPIC, roomy(), NOW, true)
        .expect("it opens");
    append(&mut log, 20);
    disk.kill();
    drop((log, log_directory));
    assert!(disk.reserved() > 0);
    let directory = directory(&disk);
    let log = directory
        .open_log(NAME, TOPIC, roomy(), NOW, false)
        .expect("it opens");
    assert_eq!(log.end(), Offset(20));
    assert_eq!(disk.reserved(), 0);
}
