//! What readers of a log are given.

use ottla_env::fake::SeededDisk;
use ottla_log::{FoundOffset, Log, LogOptions, ReadError};
use ottla_model::{Offset, Timestamp};
use ottla_wire::records::TimestampType;

use super::{EPOCH, NAME, NOW, TOPIC, append, batch, batch_by, directory, disk, filled, options};

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
fn what_is_known_of_the_newest_batches_gives_the_same_reads_as_the_files() {
    let options = LogOptions {
        segment_bytes: 2500,
        ..options()
    };
    let disk = disk();
    let directory = directory(&disk);
    let open = || directory.open_log(NAME, TOPIC, options.clone(), NOW, true);
    let mut log = open().expect("it opens");
    log.assign_epoch(EPOCH);
    // Two segments, and of the second one more batches than are remembered.
    (0..45).for_each(|i| append(&mut log, 1000 + 10 * i));
    let newest = log.reader();
    log.close().expect("the disk works");
    let reopened = open().expect("it opens");
    let files = reopened.reader();
    for from in 0..=90 {
        for up_to in from..=90 {
            for (max, forced) in [(1, true), (150, false), (10_000, false)] {
                let [known, read] = [&newest, &files].map(|reader| {
                    let slice = reader.read(Offset(from), max, Offset(up_to), forced);
                    let pieces = slice.expect("in range").pieces.into_iter();
                    let places = pieces.map(|piece| (piece.position, piece.length));
                    places.collect::<Vec<_>>()
                });
                assert_eq!(known, read, "from {from} up to {up_to}, {max} bytes");
            }
        }
    }
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
            leader_epoch: EPOCH,
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
fn the_largest_timestamp_is_told_with_its_epoch_where_the_log_begins_behind_it() {
    let (_directory, mut log) = filled(&disk());
    append(&mut log, 5);
    log.set_high_watermark(Offset(22));
    log.advance_log_start(Offset(22), NOW)
        .expect("the disk works");
    let found = log.reader().max_timestamp().expect("the disk works");
    let found = found.expect("its segment is still there");
    assert!(found.offset < Offset(22));
    assert_eq!(found.leader_epoch, EPOCH);
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
        leader_epoch: EPOCH,
    };
    assert_eq!(find(&log), second, "of a batch stamped as a whole");
}
