//! What goes from the beginning of a log.

use std::path::Path;
use std::time::Duration;

use ottla_env::fake::SeededDisk;
use ottla_log::{LogOptions, ReadError};
use ottla_model::{Offset, Timestamp};

use super::{
    DATA, EPOCH, NAME, NOW, TOPIC, append, batch, directory, disk, filled, open, options, read,
};

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
    log.assign_epoch(EPOCH.next());
    append(&mut log, 2000);
    let synced = log.unsynced().expect("it was written").run();
    log.synced(synced.expect("the disk works"));
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
