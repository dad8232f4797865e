//! What a start makes of the metadata log, of which nothing may be missing.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ottla_env::fake::SeededDisk;
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_log::dir::LogDirectory;
use ottla_log::{Log, LogOptions, OpenError};
use ottla_model::Offset;
use ottla_wire::control_record::{ControlRecord, LeaderChangeMessage};
use ottla_wire::records::{Attributes, BatchBuilder, BatchFields, Compression};

use super::{
    DATA, EPOCH, NAME, NOW, base_offsets, directory, disk, metadata_options, open_metadata, raw,
    read, segment_files, segments, try_open_metadata,
};

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
