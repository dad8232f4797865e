//! A log goes from one directory to another.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ottla_env::Disk;
use ottla_log::dir::{FutureLog, LogDirectory};
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
    let goes_on = future.catch_up(&copied).expect("the disk works");
    assert!(!goes_on && copied.into_inner() >= 1000);
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
