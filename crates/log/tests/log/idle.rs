//! What a log holds while nobody uses it, and what it costs to begin and to end with it.

use ottla_env::DiskFile;
use ottla_env::fake::SeededDisk;
use ottla_log::{Log, LogOptions, ReadError};
use ottla_model::{Offset, Timestamp};

use super::{EPOCH, NOW, append, base_offsets, directory, disk, filled, open, options};

const ALL: [i64; 10] = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18];

fn sync(log: &mut Log<SeededDisk>) {
    let synced = log.unsynced().expect("it was written").run();
    log.synced(synced.expect("the disk works"));
}

/// As long as it takes for nobody to have used it.
fn let_idle(log: &mut Log<SeededDisk>) {
    for _ in 0..2 {
        let has_unsynced = log.give_back_unused().expect("the disk works");
        assert!(!has_unsynced, "all of it is on disk");
    }
}

#[test]
fn a_log_that_nobody_uses_has_no_file_open_and_is_as_it_was() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    assert!(disk.open_files() > 0);
    sync(&mut log);
    let_idle(&mut log);
    assert_eq!(disk.open_files(), 0);
    assert_eq!(base_offsets(&log), ALL);
    assert_eq!(disk.open_files(), 4, "each segment was read");
    let_idle(&mut log);
    let found = log.reader().offset_for_timestamp(Timestamp(1051));
    let found = found.expect("the disk works").expect("it is there");
    assert_eq!(found.offset, Offset(11));
    let_idle(&mut log);
    append(&mut log, 2000);
    assert_eq!(disk.open_files(), 1);
    assert_eq!(log.end(), Offset(22));
    let newest = log.reader().max_timestamp().expect("the disk works");
    assert_eq!(newest.expect("it is there").offset, Offset(21));
}

#[test]
fn what_is_used_is_not_given_back() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    sync(&mut log);
    for _ in 0..3 {
        base_offsets(&log);
        assert!(!log.give_back_unused().expect("the disk works"));
        assert_eq!(disk.open_files(), 4);
    }
}

#[test]
fn what_is_not_on_disk_stays_open_until_it_is() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    assert!(
        !log.give_back_unused().expect("the disk works"),
        "just used"
    );
    let open = disk.open_files();
    assert!(log.give_back_unused().expect("the disk works"));
    assert_eq!(disk.open_files(), open);
    sync(&mut log);
    let_idle(&mut log);
    assert_eq!(disk.open_files(), 0);
}

#[test]
fn indexes_that_were_given_back_go_on_where_they_ended() {
    let options = LogOptions {
        segment_bytes: 1 << 20,
        ..options()
    };
    let index = |idles: bool| {
        let disk = disk();
        let directory = directory(&disk);
        let log = directory.open_log(super::NAME, super::TOPIC, options.clone(), NOW, true);
        let mut log = log.expect("it opens");
        for i in 0..10 {
            append(&mut log, 1000 + 10 * i);
            if idles {
                sync(&mut log);
                let_idle(&mut log);
            }
        }
        log.close().expect("the disk works");
        let path = format!("{}/{}/{:020}.index", super::DATA, super::NAME, 0);
        super::read(&disk, path.as_ref())
    };
    assert!(!index(false).is_empty());
    assert_eq!(index(true), index(false));
}

#[test]
fn a_piece_of_a_file_outlives_the_log_that_gave_it_back_and_removed_it() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    let reader = log.reader();
    let slice = reader.read(Offset(0), 100, log.end(), true);
    let mut slice = slice.expect("it is in range");
    let piece = slice.pieces.remove(0);
    sync(&mut log);
    let_idle(&mut log);
    assert_eq!(disk.open_files(), 1);
    log.configure(LogOptions {
        retention_bytes: Some(0),
        ..options()
    });
    log.retain(NOW).expect("the disk works");
    let mut bytes = [0; 100];
    let read = piece.file.read_at(&mut bytes, piece.position);
    assert_eq!(read.expect("it is still there"), bytes.len());
    let too_late = reader.read(Offset(0), 100, log.end(), true);
    assert!(matches!(too_late, Err(ReadError::OutOfRange { .. })));
}

#[test]
fn a_sync_passes_over_what_was_removed_since_it_was_asked_for() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    sync(&mut log);
    let_idle(&mut log);
    append(&mut log, 2000);
    let job = log.unsynced().expect("it was written");
    log.configure(LogOptions {
        retention_bytes: Some(0),
        ..options()
    });
    log.retain(NOW).expect("the disk works");
    assert_eq!(job.run().expect("nothing is missed"), Offset(22));
}

#[test]
fn a_sync_of_a_log_that_was_deleted_leaves_that_of_the_next_topic_of_its_name_alone() {
    let disk = disk();
    let (directory, mut log) = filled(&disk);
    log.assign_epoch(EPOCH.next());
    append(&mut log, 2000);
    let job = log.unsynced().expect("it was written");
    drop(log);
    let unique = ottla_model::Uuid::from_u128(5);
    let deleted = directory.delete_log(super::NAME, unique);
    deleted.expect("the disk works").expect("it was there");
    let next = ottla_model::TopicId(unique);
    let log = directory.open_log(super::NAME, next, options(), NOW, true);
    let files = || {
        let path = std::path::Path::new(super::DATA).join(super::NAME);
        ottla_env::Disk::list(&disk, &path).expect("it is there")
    };
    let before = files();
    // Its own files are still open, and may be synced.
    drop(job.run());
    assert_eq!(files(), before);
    assert_eq!(log.expect("it is begun").end(), Offset(0));
}

#[test]
fn of_a_log_without_an_owner_nothing_is_opened() {
    let disk = disk();
    let (_directory, mut log) = filled(&disk);
    sync(&mut log);
    let_idle(&mut log);
    let reader = log.reader();
    drop(log);
    // A later topic of the name may have files of the same names there by now.
    let read = reader.read(Offset(0), 100, Offset(20), true);
    assert!(matches!(read, Err(ReadError::Io(_))));
    assert_eq!(disk.open_files(), 0);
}

#[test]
fn a_log_that_was_closed_and_is_led_without_records_is_neither_opened_nor_closed_with_a_change() {
    let disk = disk();
    let (directory, mut log) = filled(&disk);
    log.close().expect("the disk works");
    let point = log.point();
    let checkpoint = [(super::NAME.to_owned(), point)];
    directory
        .write_checkpoints(&checkpoint)
        .expect("the disk works");
    drop((log, directory));
    let directory = self::directory(&disk);
    let before = disk.operations();
    let mut log = open(&directory);
    assert_eq!(disk.open_files(), 0);
    log.assign_epoch(EPOCH.next());
    log.close().expect("the disk works");
    assert_eq!(log.point(), point);
    assert_eq!(disk.operations(), before);
    append(&mut log, 2000);
    log.close().expect("the disk works");
    assert!(disk.operations() > before);
}

#[test]
fn whatever_a_power_cut_leaves_of_a_close_the_records_that_were_synced_are_there() {
    for operation in 0.. {
        let disk = disk();
        let (directory, mut log) = filled(&disk);
        sync(&mut log);
        disk.crash_before(disk.operations() + operation);
        append_if_up(&mut log);
        let is_closed = log.close().is_ok();
        drop((log, directory));
        disk.crash(operation);
        let directory = self::directory(&disk);
        let log = super::open_unclean(&directory);
        assert_eq!(base_offsets(&log)[..10], ALL, "crash before {operation}");
        assert_eq!(log.reader().epoch_of(Offset(0)), EPOCH);
        if is_closed {
            break;
        }
    }
}

fn append_if_up(log: &mut Log<SeededDisk>) {
    // A later epoch, so that its file has to be written again.
    log.assign_epoch(EPOCH.next());
    let batches = vec![super::batch(3000)];
    drop(log.append_many(batches, EPOCH.next(), NOW));
}
