//! A log goes from one directory to another.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use ottla_env::Disk;
use ottla_env::fake::SeededDisk;
use ottla_log::LogPoint;
use ottla_log::dir::{FutureLog, LogDirectory, TakeOverError};
use ottla_model::{Offset, Uuid};

use super::{DATA, EPOCH, NAME, NOW, append, base_offsets, disk, filled, open, segment_files};

const OTHER: &str = "/other";
const COPY: Uuid = Uuid::from_u128(1);
const ASIDE: Uuid = Uuid::from_u128(2);

#[test]
fn a_log_is_in_the_other_directory_what_it_was() {
    let disk = disk();
    let (from, mut log) = filled(&disk);
    let from = Arc::new(from);
    let other = LogDirectory::open(disk.clone(), Path::new(OTHER)).expect("nobody else has it");
    let other = Arc::new(other);
    let future = FutureLog::begin(Arc::clone(&from), Arc::clone(&other), NAME, COPY);
    let future = future.expect("the disk works");
    let copied = AtomicU64::new(0);
    let left = future.left().expect("the disk works");
    let bytes = future.catch_up(&copied, &|_| Ok(()));
    let bytes = bytes.expect("the disk works");
    assert!(bytes >= left && left >= 1000 && copied.into_inner() == bytes);
    assert_eq!(future.left().expect("the disk works"), 0);
    // Segments go and come while it is copied.
    log.advance_log_start(Offset(9), NOW)
        .expect("the disk works");
    (10..14).for_each(|i| append(&mut log, 1000 + 10 * i));
    let (expected, files) = (base_offsets(&log), segment_files(&disk));
    log.close().expect("the disk works");
    let point = log.point();
    drop(log);
    let aside = future.take_over(point, ASIDE).expect("the disk works");
    assert!(disk.entry(&aside).expect("the disk works").is_some());
    let gone = disk.entry(&Path::new(DATA).join(NAME));
    assert_eq!(gone.expect("the disk works"), None);
    let moved = open(&other);
    assert_eq!(base_offsets(&moved), expected);
    assert_eq!(moved.point(), point);
    assert_eq!(
        moved.reader().end_offset_for_epoch(EPOCH),
        (EPOCH, Offset(28))
    );
    let entries = disk.list(&Path::new(OTHER).join(NAME));
    let names = entries.expect("it is there").into_iter();
    let names = names.map(|entry| entry.name);
    assert!(
        names
            .filter(|name| name.ends_with(".log"))
            .eq(files.into_iter())
    );
    // Whoever writes the checkpoints may not have heard of it yet.
    other.write_checkpoints(&[]).expect("the disk works");
    assert_eq!(other.known_point(NAME), Some(point));
}

#[test]
fn a_copy_that_a_crash_left_is_found_by_the_name_of_its_log() {
    let disk = disk();
    let (from, _log) = filled(&disk);
    let from = Arc::new(from);
    let future = FutureLog::begin(Arc::clone(&from), Arc::clone(&from), NAME, COPY);
    future.expect("the disk works");
    let found = from.futures().expect("the disk works");
    let path = Path::new(DATA).join(format!("{NAME}.{:032x}-future", 1));
    assert_eq!(found, [(path.clone(), NAME.to_owned())]);
    from.remove_future(&path).expect("the disk works");
    assert_eq!(from.futures().expect("the disk works"), []);
}

/// Ready to be taken over.
fn copied(disk: &SeededDisk) -> (FutureLog<SeededDisk>, LogPoint) {
    let (from, mut log) = filled(disk);
    let other = LogDirectory::open(disk.clone(), Path::new(OTHER)).expect("nobody else has it");
    let future = FutureLog::begin(Arc::new(from), Arc::new(other), NAME, COPY);
    let future = future.expect("the disk works");
    let caught_up = future.catch_up(&AtomicU64::new(0), &|_| Ok(()));
    caught_up.expect("the disk works");
    log.close().expect("the disk works");
    (future, log.point())
}

#[test]
fn whatever_fails_of_a_move_the_log_is_in_one_place() {
    let disk_of_all = disk();
    let (future, point) = copied(&disk_of_all);
    let first = disk_of_all.operations();
    future.take_over(point, ASIDE).expect("the disk works");
    let operations = disk_of_all.operations() - first;
    assert!(operations >= 4, "two renames, each synced");
    for operation in 0..operations {
        let disk = disk();
        let (future, point) = copied(&disk);
        disk.fail_at(disk.operations() + operation, ErrorKind::TimedOut);
        let failed = future.take_over(point, ASIDE);
        assert!(
            matches!(failed, Err(TakeOverError::Kept(_))),
            "{operation}: {failed:?}"
        );
        let is_in = |path: &str| {
            let entry = disk.entry(&Path::new(path).join(NAME));
            entry.expect("the disk works").is_some()
        };
        assert!(is_in(DATA) && !is_in(OTHER), "{operation}");
        future.discard().expect("it is where it was, too");
    }
}

#[test]
fn a_copy_is_not_begun_under_a_name_that_does_not_tell_whose_it_is() {
    let disk = disk();
    let (from, _log) = filled(&disk);
    let from = Arc::new(from);
    let long = format!("{}-0", "a".repeat(214));
    let future = FutureLog::begin(Arc::clone(&from), Arc::clone(&from), &long, COPY);
    let refused = future.map(|_| ()).expect_err("its name would be cut");
    assert_eq!(refused.kind(), ErrorKind::InvalidFilename);
    assert_eq!(from.futures().expect("the disk works"), []);
}

#[test]
fn whoever_copies_is_asked_before_each_chunk() {
    let disk = disk();
    let (from, _log) = filled(&disk);
    let from = Arc::new(from);
    let future = FutureLog::begin(Arc::clone(&from), Arc::clone(&from), NAME, COPY);
    let future = future.expect("the disk works");
    let left = future.left().expect("the disk works");
    let (asked, copied) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    let refuse = |left| {
        asked.lock().unwrap().push(left);
        match asked.lock().unwrap().len() {
            1 => Ok(()),
            _ => Err(ErrorKind::StorageFull.into()),
        }
    };
    let refused = future
        .catch_up(&copied, &refuse)
        .expect_err("it is refused");
    assert_eq!(refused.kind(), ErrorKind::StorageFull);
    let first = left - future.left().expect("the disk works");
    assert!(first > 0);
    assert_eq!(asked.into_inner().unwrap(), [left, left - first]);
}
