//! Whatever a crash takes, wherever it strikes: nothing that was synced is lost, and what is left is a beginning of what was written.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::DiskFile;
use ottla_env::fake::{ManualClock, SeededDisk};
use ottla_log::dir::LogDirectory;
use ottla_log::validate::{AppendRules, validate};
use ottla_log::{Log, LogOptions, LogReader};
use ottla_model::{
    BrokerEpoch, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, TopicId, Uuid,
};
use ottla_wire::records::{Batch, BatchBuilder, BatchFields, Batches, Compression, TimestampType};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_000_000);
const TOPIC: TopicId = TopicId(Uuid::from_u128(77));
const NAME: &str = "some-topic-3";

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 900,
        segment_age: Duration::from_secs(3600),
        index_interval_bytes: 100,
        index_bytes: 1 << 20,
        retention_bytes: None,
        retention_age: None,
        deletes: true,
        producer_expiration: Duration::from_secs(3600),
    }
}

fn rules() -> AppendRules {
    AppendRules {
        produce_version: 13,
        max_batch_bytes: 1 << 20,
        max_uncompressed_bytes: 1 << 20,
        timestamp_type: TimestampType::CreateTime,
        before_max_ms: i64::MAX,
        after_max_ms: i64::MAX,
        needs_keys: false,
        compression: None,
    }
}

fn batch(sequence: i32, records: i32, padding: usize) -> Bytes {
    let fields = BatchFields {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
        ..BatchFields::default()
    };
    let mut builder = BatchBuilder::new(fields, Compression::None);
    for i in 0..records {
        let value = vec![b'v'; padding];
        builder.push(
            Timestamp(NOW.0 + i64::from(sequence + i)),
            None,
            Some(&value),
            [],
        );
    }
    builder.build()
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(i32, usize)>),
    Sync,
    Checkpoint,
    Restart,
    NewLeader,
    /// `retention.bytes`
    Retain(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => proptest::collection::vec((1..4i32, 0..120usize), 1..4).prop_map(Step::Append),
        2 => Just(Step::Sync),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Restart),
        1 => Just(Step::NewLeader),
        1 => (0..900u64).prop_map(Step::Retain),
    ];
    proptest::collection::vec(step, 1..14)
}

/// What has been written, and how much of it was said to be on disk.
#[derive(Default)]
struct Promise {
    written: Vec<(Offset, Vec<u8>)>,
    synced: Offset,
    /// Below this retention has been at work.
    start: Offset,
    sequence: i32,
}

struct Machine {
    directory: LogDirectory<SeededDisk>,
    log: Log<SeededDisk>,
    epoch: LeaderEpoch,
}

fn start(disk: &SeededDisk, epoch: LeaderEpoch) -> io::Result<Machine> {
    let directory =
        LogDirectory::open(disk.clone(), Path::new("/data")).map_err(io::Error::other)?;
    let was_clean = directory.take_clean_shutdown()?.is_some();
    let log = directory
        .open_log(NAME, TOPIC, options(), NOW, was_clean)
        .map_err(io::Error::other)?;
    Ok(Machine {
        directory,
        log,
        epoch,
    })
}

fn run(disk: &SeededDisk, steps: &[Step], promise: &mut Promise) -> io::Result<()> {
    let mut machine = start(disk, LeaderEpoch(0))?;
    machine.log.assign_epoch(machine.epoch);
    for step in steps {
        match step {
            Step::Append(batches) => {
                let (mut valid, mut images) = (Vec::new(), Vec::new());
                for (records, padding) in batches {
                    let bytes = batch(promise.sequence, *records, *padding);
                    promise.sequence += records;
                    valid.push(validate(bytes.clone(), &rules(), NOW).expect("it is right"));
                    images.push(bytes);
                }
                // Even a failed write may have left all of it.
                let mut next = promise
                    .written
                    .last()
                    .map_or(Offset::ZERO, |(last, _)| last.next());
                for (batch, image) in valid.iter().zip(&images) {
                    let mut header = *batch.header();
                    header.base_offset = next;
                    header.leader_epoch = machine.epoch;
                    let mut bytes = header.to_bytes().to_vec();
                    bytes.extend_from_slice(&image[bytes.len()..]);
                    promise.written.push((header.last_offset(), bytes));
                    next = header.next_offset();
                }
                for result in machine.log.append_many(valid, machine.epoch, NOW) {
                    result.map_err(io::Error::other)?;
                }
            }
            Step::Sync => {
                if let Some(job) = machine.log.unsynced() {
                    let end = job.run()?;
                    machine.log.synced(end);
                    promise.synced = end;
                }
            }
            Step::Checkpoint => machine
                .directory
                .write_checkpoints(&[(NAME.into(), machine.log.point())])?,
            Step::Restart => {
                machine.log.close()?;
                promise.synced = machine.log.end();
                machine
                    .directory
                    .write_checkpoints(&[(NAME.into(), machine.log.point())])?;
                machine.directory.write_clean_shutdown(BrokerEpoch(5))?;
                let epoch = machine.epoch;
                drop(machine);
                machine = start(disk, epoch)?;
            }
            Step::Retain(bytes) => {
                let reader = machine.log.reader();
                machine.log.set_high_watermark(machine.log.end());
                machine.log.configure(LogOptions {
                    retention_bytes: Some(*bytes),
                    ..options()
                });
                let retained = machine.log.retain(NOW);
                // It moves before anything is removed.
                promise.start = reader.log_start();
                retained?;
                machine.log.configure(options());
            }
            Step::NewLeader => {
                machine.epoch = machine.epoch.next();
                machine.log.assign_epoch(machine.epoch);
            }
        }
    }
    Ok(())
}

fn read_all(reader: &LogReader<SeededDisk>) -> Vec<u8> {
    let mut all = Vec::new();
    let mut from = reader.log_start();
    while from < reader.end() {
        let slice = reader
            .read(from, 300, reader.end(), true)
            .expect("the offset is in range");
        let mut part = Vec::new();
        for piece in &slice.pieces {
            let mut bytes = vec![0; usize::try_from(piece.length).expect("a small piece")];
            assert_eq!(
                piece
                    .file
                    .read_at(&mut bytes, piece.position)
                    .expect("the disk works"),
                bytes.len()
            );
            part.extend_from_slice(&bytes);
        }
        let whole: Vec<Batch<'_>> = Batches::new(&part).map_while(Result::ok).collect();
        let last = whole.last().expect("at least one batch is whole");
        let length = whole.iter().map(|batch| batch.header.size).sum();
        from = last.header.next_offset();
        all.extend_from_slice(&part[..length]);
    }
    all
}

fn check(disk: &SeededDisk, promise: &Promise) -> Result<(), TestCaseError> {
    let machine = start(disk, LeaderEpoch(100)).expect("what a crash leaves can be opened");
    let end = machine.log.end();
    prop_assert!(
        end >= promise.synced,
        "ends at {end}, synced was {}",
        promise.synced
    );
    let start = machine.log.reader().log_start();
    prop_assert!(
        start <= promise.start,
        "begins at {start}, could at {}",
        promise.start
    );
    let is_there = |last: Offset| start <= last && last < end;
    let kept = promise.written.iter().filter(|(last, _)| is_there(*last));
    let expected: Vec<u8> = kept.flat_map(|(_, bytes)| bytes.clone()).collect();
    let found = read_all(&machine.log.reader());
    prop_assert_eq!(found.len(), expected.len());
    prop_assert!(found == expected, "other bytes than were written");
    // It goes on from there: the producer's next batch is the one behind the last kept.
    let mut machine = machine;
    let next = batch(i32::try_from(end.0).expect("a short log"), 1, 10);
    let valid = validate(next, &rules(), NOW).expect("it is right");
    let appended = machine.log.append_many(vec![valid], LeaderEpoch(100), NOW);
    prop_assert_eq!(appended[0].as_ref().expect("it follows").base_offset, end);
    prop_assert_eq!(machine.log.reader().epoch_of(end), LeaderEpoch(100));
    for (last, bytes) in promise.written.iter().filter(|(last, _)| is_there(*last)) {
        let header = Batch::parse(bytes).expect("it is a batch").header;
        prop_assert_eq!(machine.log.reader().epoch_of(*last), header.leader_epoch);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_synced_is_lost_wherever_the_crash_strikes(steps in steps(), seed in any::<u64>()) {
        let fresh = || SeededDisk::new(ManualClock::new(NOW));
        let whole = fresh();
        run(&whole, &steps, &mut Promise::default()).expect("nothing fails");
        for operation in 0..=whole.operations() {
            let disk = fresh();
            disk.crash_before(operation);
            let mut promise = Promise::default();
            let _ = run(&disk, &steps, &mut promise);
            disk.crash(seed.wrapping_add(operation));
            check(&disk, &promise)?;
        }
    }

    #[test]
    fn a_killed_process_loses_nothing_written(steps in steps()) {
        let disk = SeededDisk::new(ManualClock::new(NOW));
        let mut promise = Promise::default();
        run(&disk, &steps, &mut promise).expect("nothing fails");
        disk.kill();
        promise.synced = promise.written.last().map_or(Offset::ZERO, |(last, _)| last.next());
        check(&disk, &promise)?;
    }
}
