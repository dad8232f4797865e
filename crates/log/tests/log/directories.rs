//! The directories in which logs lie.

use std::path::{Path, PathBuf};

use ottla_env::DiskFile;
use ottla_log::OpenError;
use ottla_log::dir::{DirectoryError, LogDirectory, MetaProperties};
use ottla_model::{BrokerEpoch, NodeId, Offset, TopicId, Uuid};
use ottla_wire::records::Batches;

use super::{DATA, NAME, NOW, TOPIC, append, directory, disk, filled, open, options, read};

#[test]
fn a_directory_belongs_to_one_process_and_a_log_to_one_topic() {
    let disk = disk();
    let (directory, log) = filled(&disk);
    assert!(matches!(
        LogDirectory::open(disk, Path::new(DATA)).err(),
        Some(DirectoryError::Locked { .. })
    ));
    let other = TopicId(Uuid::from_u128(99));
    assert!(matches!(
        directory.open_log(NAME, other, options(), NOW, true).err(),
        Some(OpenError::TopicId { .. })
    ));
    assert_eq!(
        directory.logs().expect("the disk works")[0].topic_id,
        Some(TOPIC)
    );
    drop(log);
    let aside = directory
        .delete_log(NAME, Uuid::from_u128(0xabc))
        .expect("the disk works");
    assert_eq!(
        aside,
        Some(PathBuf::from(
            "/data/topic-0.00000000000000000000000000000abc-delete"
        ))
    );
    assert!(directory.logs().expect("the disk works").is_empty());
    let again = directory
        .delete_log(NAME, Uuid::from_u128(0xabd))
        .expect("there is nothing to delete");
    assert_eq!(again, None);
}

#[test]
fn a_clean_shutdown_counts_once() {
    let disk = disk();
    let directory = directory(&disk);
    assert_eq!(
        directory.take_clean_shutdown().expect("the disk works"),
        None
    );
    directory
        .write_clean_shutdown(BrokerEpoch(12))
        .expect("the disk works");
    let text = read(&disk, Path::new("/data/.kafka_cleanshutdown"));
    assert_eq!(text, br#"{"version":0,"brokerEpoch":12}"#);
    assert_eq!(
        directory.take_clean_shutdown().expect("the disk works"),
        Some(BrokerEpoch(12))
    );
    assert_eq!(
        directory.take_clean_shutdown().expect("the disk works"),
        None
    );
}

#[test]
fn a_new_log_of_a_deleted_ones_name_is_scanned_after_a_crash() {
    for seed in 0..40 {
        let disk = disk();
        {
            let (directory, mut log) = filled(&disk);
            log.close().expect("the disk works");
            directory
                .write_checkpoints(&[(NAME.into(), log.point())])
                .expect("the disk works");
            drop(log);
            directory
                .delete_log(NAME, Uuid::from_u128(7))
                .expect("the disk works");
            let mut new = open(&directory);
            (0..10).for_each(|i| append(&mut new, 1000 + 10 * i));
        }
        disk.crash(seed);
        let log = directory(&disk)
            .open_log(NAME, TOPIC, options(), NOW, false)
            .expect("it opens");
        let slice = log
            .reader()
            .read(Offset(0), 10_000, log.end(), true)
            .expect("in range");
        for piece in slice.pieces {
            let mut bytes = vec![0; usize::try_from(piece.length).expect("it is small")];
            piece
                .file
                .read_at(&mut bytes, piece.position)
                .expect("the disk works");
            for batch in Batches::new(&bytes) {
                let whole = batch.expect("it is whole").check();
                assert!(whole.is_ok(), "seed {seed}: {whole:?}");
            }
        }
    }
}

#[test]
fn a_directory_that_an_interrupted_start_made_outlives_a_crash() {
    let path = Path::new("/deep/data");
    for seed in 0..40 {
        for operation in 0..6 {
            let disk = disk();
            disk.crash_before(operation);
            drop(LogDirectory::open(disk.clone(), path));
            disk.kill();
            let directory = LogDirectory::open(disk.clone(), path).expect("nobody else has it");
            let properties = MetaProperties {
                cluster_id: "c".to_owned(),
                node_id: NodeId(1),
                directory_id: None,
            };
            directory
                .write_meta_properties(&properties)
                .expect("the disk works");
            drop(directory);
            disk.crash(seed);
            let directory = LogDirectory::open(disk.clone(), path).expect("nobody else has it");
            let found = directory.meta_properties().expect("it is right");
            assert!(found.is_some(), "seed {seed}, operation {operation}");
        }
    }
}

#[test]
fn what_is_left_of_a_log_that_was_not_begun_is_removed() {
    let whole = {
        let disk = disk();
        let directory = directory(&disk);
        let before = disk.operations();
        drop(open(&directory));
        disk.operations() - before
    };
    for operation in 0..=whole {
        let disk = disk();
        {
            let directory = directory(&disk);
            disk.crash_before(disk.operations() + operation);
            // It fails where the machine crashes.
            drop(directory.open_log(NAME, TopicId::METADATA, options(), NOW, true));
        }
        disk.kill();
        let directory = directory(&disk);
        directory.remove_deleted().expect("the disk works");
        for log in directory.logs().expect("the disk works") {
            assert_eq!(log.topic_id, Some(TopicId::METADATA), "{operation}");
        }
    }
}
