//! Whatever is damaged in a log's directory: what lay in front of the damage is there, nothing is that was not written, and all that
//! can be made from the batches is made from them.
//!
//! `SEEDS=n` tries the first n seeds, `SEED=n` plays that one again.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use ottla_env::fake::{ManualClock, SeededDisk, SeededEntropy};
use ottla_env::{Disk, DiskFile, Entropy, OpenMode};
use ottla_log::dir::{LogDirectory, read_file};
use ottla_log::validate::{AppendRules, ValidBatch, validate};
use ottla_log::{Log, LogOptions, LogReader};
use ottla_model::{
    BrokerEpoch, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, TopicId, Uuid,
};
use ottla_wire::records::{
    BATCH_OVERHEAD, Batch, BatchBuilder, BatchFields, BatchHeader, Batches, Compression,
    TimestampType,
};

const NOW: Timestamp = Timestamp(1_000_000);
const TOPIC: TopicId = TopicId(Uuid::from_u128(77));
const NAME: &str = "some-topic-3";
const ROOT: &str = "/data";
const LOG: &str = "/data/some-topic-3";
const EPOCHS: &str = "leader-epoch-checkpoint";
/// Where the bytes begin that a batch's checksum is about, and it itself: nobody notices damage of the base offset alone.
const CHECKED_FROM: usize = 17;
/// Without `SEEDS`.
const SEEDS: u64 = 48;

struct Random(SeededEntropy);

impl Random {
    fn below(&self, bound: usize) -> usize {
        let bound = u128::try_from(bound.max(1)).expect("it is wider");
        usize::try_from(self.0.bits() % bound).expect("it is below a usize")
    }

    fn between(&self, from: usize, to: usize) -> usize {
        from + self.below(to - from)
    }

    fn percent(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn bytes(&self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.0.bits().to_le_bytes()[0]).collect()
    }
}

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 2000,
        segment_age: Duration::from_secs(3600),
        index_interval_bytes: 200,
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

/// Where a producer is in its numbers.
#[derive(Clone, Copy, Debug)]
struct Writer {
    id: ProducerId,
    epoch: ProducerEpoch,
    next: Sequence,
}

fn batch(random: &Random, writer: Writer) -> ValidBatch {
    let fields = BatchFields {
        producer_id: writer.id,
        producer_epoch: writer.epoch,
        base_sequence: writer.next,
        ..BatchFields::default()
    };
    let compression = Compression::ALL[random.below(8) % Compression::ALL.len()];
    let mut builder = BatchBuilder::new(fields, compression);
    let around = random.below(2000);
    for _ in 0..random.between(1, 5) {
        let value = random.bytes(random.between(0, 90));
        let time = 1000 + around + random.below(50);
        let time = Timestamp(i64::try_from(time).expect("it is small"));
        builder.push(time, Some(b"key"), Some(&value), []);
    }
    validate(builder.build(), &rules(), NOW).expect("it is right")
}

fn start(disk: &SeededDisk) -> (LogDirectory<SeededDisk>, Log<SeededDisk>) {
    let directory = LogDirectory::open(disk.clone(), Path::new(ROOT)).expect("the disk works");
    directory.remove_deleted().expect("the disk works");
    let was_clean = directory.take_clean_shutdown().expect("the disk works");
    let log = directory
        .open_log(NAME, TOPIC, options(), NOW, was_clean.is_some())
        .expect("damage is mended");
    (directory, log)
}

fn checkpoint(directory: &LogDirectory<SeededDisk>, log: &Log<SeededDisk>) {
    let points = [(NAME.to_owned(), log.point())];
    directory
        .write_checkpoints(&points)
        .expect("the disk works");
}

fn stop_cleanly(directory: &LogDirectory<SeededDisk>, log: &mut Log<SeededDisk>) {
    log.close().expect("the disk works");
    checkpoint(directory, log);
    directory
        .write_clean_shutdown(BrokerEpoch(5))
        .expect("the disk works");
}

/// Writes several segments; true if the log was closed.
fn write(disk: &SeededDisk, random: &Random) -> bool {
    let (directory, mut log) = start(disk);
    let mut writers = [
        ProducerId::NONE,
        ProducerId(7),
        ProducerId(8),
        ProducerId(9),
    ]
    .map(|id| {
        let is_idempotent = id != ProducerId::NONE;
        Writer {
            id,
            epoch: ProducerEpoch(if is_idempotent { 0 } else { -1 }),
            next: Sequence(if is_idempotent { 0 } else { -1 }),
        }
    });
    let mut epoch = LeaderEpoch(0);
    log.assign_epoch(epoch);
    for _ in 0..random.between(3, 90) {
        let writer = &mut writers[random.below(4)];
        if writer.id != ProducerId::NONE && random.percent(4) {
            writer.epoch = ProducerEpoch(writer.epoch.0 + 1);
            writer.next = Sequence(0);
        }
        let batch = batch(random, *writer);
        if writer.id != ProducerId::NONE {
            writer.next = batch.header().last_sequence().plus(1);
        }
        for appended in log.append_many(vec![batch], epoch, NOW) {
            appended.expect("the sequence is right");
        }
        if random.percent(8) {
            epoch = epoch.next();
            log.assign_epoch(epoch);
        }
        if random.percent(5)
            && let Some(job) = log.unsynced()
        {
            let end = job.run().expect("the disk works");
            log.synced(end);
        }
        if random.percent(5) {
            checkpoint(&directory, &log);
        }
    }
    if random.percent(20) {
        log.set_high_watermark(log.end());
        log.configure(LogOptions {
            retention_bytes: Some(4000),
            ..options()
        });
        log.retain(NOW).expect("the disk works");
        log.configure(options());
        checkpoint(&directory, &log);
    }
    let is_closed = random.percent(50);
    if is_closed {
        stop_cleanly(&directory, &mut log);
    } else {
        disk.kill();
    }
    is_closed
}

fn content(disk: &SeededDisk, path: &Path) -> Vec<u8> {
    read_file(disk, path)
        .expect("the disk works")
        .expect("it is there")
}

fn overwrite(disk: &SeededDisk, path: &Path, bytes: &[u8]) {
    let file = disk.open(path, OpenMode::Truncate).expect("the disk works");
    file.write_at(&mut [IoSlice::new(bytes)], 0)
        .expect("the disk works");
}

fn names(disk: &SeededDisk, extension: &str) -> Vec<PathBuf> {
    let entries = disk.list(Path::new(LOG)).expect("the disk works");
    let names = entries.into_iter().map(|entry| entry.name);
    let mut paths: Vec<PathBuf> = names
        .filter(|name| name.ends_with(extension))
        .map(|name| Path::new(LOG).join(name))
        .collect();
    paths.sort_unstable();
    paths
}

fn base_of(path: &Path) -> Offset {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    Offset(stem.and_then(|stem| stem.parse().ok()).expect("a segment"))
}

/// A batch in a log, as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    header: BatchHeader,
    bytes: Bytes,
}

fn batches_of(bytes: &[u8]) -> Vec<Found> {
    Batches::new(bytes)
        .map(|batch| {
            let batch = batch.expect("it is whole");
            batch.check().expect("it is right");
            Found {
                header: batch.header,
                bytes: Bytes::copy_from_slice(batch.bytes),
            }
        })
        .collect()
}

/// Damages the end of a segment that is read again after a crash. Gives how many of its batches lie in front of the damage.
fn damage_segment(disk: &SeededDisk, random: &Random, path: &Path) -> usize {
    let mut bytes = content(disk, path);
    let batches = batches_of(&bytes);
    // Begins of batches, and the end.
    let mut borders = vec![0];
    for batch in &batches {
        borders.push(borders[borders.len() - 1] + batch.header.size);
    }
    let length = bytes.len();
    let whole = |point: usize| borders.iter().filter(|border| **border <= point).count() - 1;
    let kind = if length == 0 { 4 } else { random.below(6) };
    let kept = match kind {
        0 => {
            let point = random.below(length);
            bytes.truncate(point);
            whole(point)
        }
        1..=3 => {
            let at = random.below(length);
            let kept = whole(at);
            // Of a batch's head only what is checked.
            let at = at.max(borders[kept] + CHECKED_FROM);
            let count = random.between(1, 40).min(length - at);
            match kind {
                1 => bytes[at] ^= 1 << random.below(8),
                2 => bytes[at..].fill(0),
                _ => bytes[at..at + count].copy_from_slice(&random.bytes(count)),
            }
            // A byte may be overwritten with what it was.
            kept
        }
        4 => {
            bytes.extend(vec![0; random.between(1, 400)]);
            batches.len()
        }
        _ => {
            bytes.extend(random.bytes(random.between(1, 400)));
            batches.len()
        }
    };
    overwrite(disk, path, &bytes);
    kept
}

/// Damages a file that can be made from others. `must_show`: not so that it looks like another right one.
fn damage_file(disk: &SeededDisk, random: &Random, path: &Path, entry: usize, must_show: bool) {
    let mut bytes = content(disk, path);
    let length = bytes.len();
    let is_text = entry == 1;
    match random.below(6) {
        0 => {
            disk.remove_file(path).expect("the disk works");
            return;
        }
        1 => bytes.clear(),
        2 => {
            let left = random.below(length);
            // An index that ends between two of its entries is one of fewer.
            let shows = is_text || !left.is_multiple_of(entry);
            bytes.truncate(if must_show && !shows { 0 } else { left });
        }
        3 if must_show => bytes.fill(0),
        3 => {
            let at = random.below(length);
            bytes[at..].fill(0);
        }
        4 if length > 0 => {
            let at = random.below(length);
            let count = random.between(1, 30).min(length - at);
            let garbage = random.bytes(count);
            // Other digits are a number too.
            let mask = if is_text { 0x80 } else { 0 };
            for (byte, garbage) in bytes[at..].iter_mut().zip(garbage) {
                *byte = garbage | mask;
            }
        }
        _ => bytes.extend(random.bytes(random.between(1, 60)).iter().map(|b| b | 0x80)),
    }
    overwrite(disk, path, &bytes);
}

/// What a deletion or a compaction may leave half done.
fn leave_over(disk: &SeededDisk, random: &Random) {
    let segments = names(disk, ".log");
    let some = &segments[random.below(segments.len())];
    let log = Path::new(LOG);
    let garbage = random.bytes(100);
    let named = |extension: &str| some.with_extension(extension);
    // One compaction is under way at a time: its files stand for all between the first and the last of them.
    let is_swapping = !names(disk, ".swap").is_empty();
    match random.below(7) {
        2 | 3 if is_swapping => {}
        0 => overwrite(disk, &named("log.cleaned"), &garbage),
        1 => overwrite(disk, &named("log.deleted"), &garbage),
        2 => {
            // Complete, and not yet in its place.
            overwrite(disk, &named("log.swap"), &content(disk, some));
            overwrite(disk, &named("index.swap"), &garbage);
        }
        3 => {
            overwrite(disk, &named("log.swap"), &garbage);
            overwrite(disk, &named("log.cleaned"), &garbage);
        }
        4 => {
            overwrite(disk, &log.join("00000000000000000001.index"), &garbage);
            overwrite(disk, &log.join("00000000000000000001.timeindex"), &garbage);
            overwrite(disk, &log.join("00000000000000000001.snapshot"), &garbage);
        }
        5 => {
            let delete = Path::new(ROOT).join(format!("{NAME}.0123-delete"));
            disk.create_directories(&delete).expect("the disk works");
            overwrite(disk, &delete.join("00000000000000000000.log"), &garbage);
        }
        _ => {
            for name in [EPOCHS, "partition.metadata"] {
                overwrite(disk, &log.join(format!("{name}.tmp")), &garbage);
            }
        }
    }
}

fn damage_others(disk: &SeededDisk, random: &Random, must_show: bool) {
    let log = Path::new(LOG);
    for (extension, entry) in [(".index", 8), (".timeindex", 12), (".snapshot", 46)] {
        for path in names(disk, extension) {
            if random.percent(40) {
                // A checksum shows whatever a snapshot suffers.
                damage_file(disk, random, &path, entry, must_show && entry != 46);
            }
        }
    }
    let epochs = log.join(EPOCHS);
    // It comes with the first sync.
    if random.percent(50) && disk.entry(&epochs).expect("the disk works").is_some() {
        damage_file(disk, random, &epochs, 1, must_show);
    }
    if random.percent(20) {
        disk.remove_file(&log.join("partition.metadata"))
            .expect("the disk works");
    }
    for name in ["recovery-point", "log-start", "replication"] {
        let path = Path::new(ROOT).join(format!("{name}-offset-checkpoint"));
        if random.percent(15) && disk.entry(&path).expect("the disk works").is_some() {
            damage_file(disk, random, &path, 1, must_show);
        }
    }
    for _ in 0..random.below(3) {
        leave_over(disk, random);
    }
}

/// All batches from the log's start on.
fn read_all(reader: &LogReader<SeededDisk>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let mut from = reader.log_start();
    while from < reader.end() {
        let slice = reader.read(from, 700, reader.end(), true);
        let mut part = Vec::new();
        for piece in &slice.expect("the offset is in range").pieces {
            let length = usize::try_from(piece.length).expect("a small piece");
            let mut bytes = vec![0; length];
            let read = piece.file.read_at(&mut bytes, piece.position);
            assert_eq!(read.expect("the disk works"), length);
            part.extend_from_slice(&bytes);
        }
        let whole = Batches::new(&part).map_while(Result::ok);
        let whole: usize = whole.map(|batch| batch.header.size).sum();
        assert!(whole > 0, "nothing is found at {from}");
        let found = batches_of(&part[..whole]);
        from = found[found.len() - 1].header.next_offset();
        all.extend(found);
    }
    all
}

/// Offset and timestamp of each record.
fn records_of(batches: &[Found]) -> Vec<(Offset, Timestamp)> {
    let mut all = Vec::new();
    for found in batches {
        let batch = Batch::parse(&found.bytes).expect("it is right");
        let records = batch.uncompressed(1 << 20).expect("it is right");
        all.extend(batch.records(&records).map(|record| {
            let record = record.expect("it is right");
            (record.offset, record.timestamp)
        }));
    }
    all
}

/// Look-ups, leader epochs and the checkpointed start are what a reading of all batches says.
fn check_agreement(reader: &LogReader<SeededDisk>, found: &[Found]) {
    let records = records_of(found);
    for batch in found {
        for offset in [batch.header.base_offset, batch.header.last_offset()] {
            let slice = reader.read(offset, 1, reader.end(), true);
            let slice = slice.expect("the offset is in range");
            let mut head = [0; BATCH_OVERHEAD];
            let piece = &slice.pieces[0];
            piece
                .file
                .read_at(&mut head, piece.position)
                .expect("the disk works");
            assert_eq!(BatchHeader::parse(&head), Ok(batch.header), "at {offset}");
            assert_eq!(reader.epoch_of(offset), batch.header.leader_epoch);
        }
        let epoch = batch.header.leader_epoch;
        let later = found.iter().find(|other| other.header.leader_epoch > epoch);
        let end = later.map_or(reader.end(), |later| later.header.base_offset);
        assert_eq!(reader.end_offset_for_epoch(epoch), (epoch, end));
    }
    for time in (0..3200).step_by(37).map(Timestamp) {
        let expected = records.iter().find(|(_, timestamp)| *timestamp >= time);
        let looked_up = reader.offset_for_timestamp(time).expect("the disk works");
        let looked_up = looked_up.map(|found| (found.offset, found.timestamp));
        assert_eq!(looked_up, expected.copied(), "since {time:?}");
    }
    let largest = records.iter().map(|(_, timestamp)| *timestamp).max();
    let newest = reader.max_timestamp().expect("the disk works");
    assert_eq!(newest.map(|found| found.timestamp), largest);
}

/// Each producer's last batch is known, and the one behind it is next.
fn check_producers(log: &mut Log<SeededDisk>, random: &Random, found: &[Found]) {
    let last: BTreeMap<ProducerId, &Found> = found
        .iter()
        .filter(|batch| batch.header.producer_id != ProducerId::NONE)
        .map(|batch| (batch.header.producer_id, batch))
        .collect();
    let epoch = LeaderEpoch(1000);
    for (id, batch_found) in last {
        // As it was sent, when it had no offset.
        let mut sent = batch_found.bytes.to_vec();
        sent[..8].fill(0);
        let repeated = validate(sent.into(), &rules(), NOW).expect("it is right");
        let answers = log.append_many(vec![repeated], epoch, NOW);
        let answer = answers[0].as_ref().expect("it is known");
        assert!(answer.duplicate, "producer {id}");
        assert_eq!(answer.base_offset, batch_found.header.base_offset);
        let writer = |next| Writer {
            id,
            epoch: batch_found.header.producer_epoch,
            next,
        };
        let next = batch_found.header.last_sequence().plus(1);
        let ahead = batch(random, writer(next.plus(3)));
        assert!(log.append_many(vec![ahead], epoch, NOW)[0].is_err());
        let end = log.end();
        let answers = log.append_many(vec![batch(random, writer(next))], epoch, NOW);
        let answer = answers[0].as_ref().expect("it is the next one");
        assert_eq!((answer.duplicate, answer.base_offset), (false, end));
    }
}

fn play(seed: u64) {
    let random = &Random(SeededEntropy::new(seed));
    let disk = SeededDisk::new(ManualClock::new(NOW));
    let was_closed = write(&disk, random);
    let segments = names(&disk, ".log");
    let by_segment: Vec<Vec<Found>> = segments
        .iter()
        .map(|path| batches_of(&content(&disk, path)))
        .collect();
    let written = by_segment.concat();
    let is_clean = was_closed && random.percent(50);
    let mut kept = written.len();
    // Whether all is read again, so that even what an index does not show of its damage is mended.
    let mut is_read_again = false;
    if !is_clean {
        let sign = Path::new(ROOT).join(".kafka_cleanshutdown");
        if was_closed {
            disk.remove_file(&sign).expect("the disk works");
        }
        let directory = LogDirectory::open(disk.clone(), Path::new(ROOT)).expect("it works");
        let point = directory.known_point(NAME);
        let recovery_point = point.map_or(Offset::ZERO, |point| point.recovery_point);
        is_read_again = recovery_point == Offset::ZERO;
        if random.percent(75) {
            // What was said to be on disk is not looked at again.
            let first = segments.partition_point(|path| base_of(path) <= recovery_point);
            let from = first.saturating_sub(1);
            let chosen = if random.percent(75) {
                segments.len() - 1
            } else {
                random.between(from, segments.len())
            };
            let before: usize = by_segment[..chosen].iter().map(Vec::len).sum();
            kept = before + damage_segment(&disk, random, &segments[chosen]);
        }
    }
    damage_others(&disk, random, !is_read_again);
    let (directory, mut log) = start(&disk);
    let reader = log.reader();
    let found = read_all(&reader);
    assert!(found.len() >= kept, "{} of {kept} are left", found.len());
    assert!(written.starts_with(&found), "not what was written");
    let behind = found.last().or(written.first().filter(|_| kept == 0));
    let end = match (found.last(), behind) {
        (Some(last), _) => last.header.next_offset(),
        (None, first) => first.map_or(reader.log_start(), |first| first.header.base_offset),
    };
    assert_eq!(log.end(), end);
    check_agreement(&reader, &found);
    check_producers(&mut log, random, &found);
    let anonymous = Writer {
        id: ProducerId::NONE,
        epoch: ProducerEpoch(-1),
        next: Sequence(-1),
    };
    let end = log.end();
    let answers = log.append_many(vec![batch(random, anonymous)], LeaderEpoch(1001), NOW);
    assert_eq!(answers[0].as_ref().expect("it fits").base_offset, end);
    let all = read_all(&reader);
    assert!(all.starts_with(&found));
    check_agreement(&reader, &all);
    if random.percent(50) {
        stop_cleanly(&directory, &mut log);
    } else {
        disk.kill();
    }
    drop((directory, log));
    let (_directory, log) = start(&disk);
    assert_eq!(read_all(&log.reader()), all);
    check_agreement(&log.reader(), &all);
    let left = disk.list(Path::new(LOG)).expect("the disk works");
    for suffix in [".cleaned", ".swap", ".deleted"] {
        let is_left = |name: &str| name.ends_with(suffix);
        assert!(!left.iter().any(|entry| is_left(&entry.name)));
    }
}

#[test]
fn what_lay_in_front_of_the_damage_is_there_and_the_rest_is_made_from_it() {
    let asked = |name: &str| {
        let value = std::env::var(name).ok()?;
        Some(value.parse::<u64>().expect("a number"))
    };
    let seeds = match asked("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| play(seed))) {
            eprintln!("again with SEED={seed}");
            resume_unwind(panic);
        }
    }
}

/// Writes as many segments and stops cleanly.
fn write_segments(disk: &SeededDisk, random: &Random, count: usize) -> Vec<Found> {
    let (directory, mut log) = start(disk);
    let anonymous = Writer {
        id: ProducerId::NONE,
        epoch: ProducerEpoch(-1),
        next: Sequence(-1),
    };
    while names(disk, ".log").len() < count {
        let appended = log.append_many(vec![batch(random, anonymous)], LeaderEpoch(1), NOW);
        appended[0].as_ref().expect("it fits");
    }
    stop_cleanly(&directory, &mut log);
    read_all(&log.reader())
}

#[test]
fn a_wrong_entry_of_an_index_misleads_no_look_up() {
    let disk = SeededDisk::new(ManualClock::new(NOW));
    let written = write_segments(&disk, &Random(SeededEntropy::new(1)), 3);
    for path in [names(&disk, ".index"), names(&disk, ".timeindex")].concat() {
        let right = content(&disk, &path);
        for at in 0..right.len() {
            let mut wrong = right.clone();
            wrong[at] ^= 1 << (at % 8);
            overwrite(&disk, &path, &wrong);
            let (directory, mut log) = start(&disk);
            assert_eq!(read_all(&log.reader()), written, "{path:?} at {at}");
            check_agreement(&log.reader(), &written);
            stop_cleanly(&directory, &mut log);
            drop((directory, log));
            overwrite(&disk, &path, &right);
        }
    }
}

#[test]
fn damage_below_the_recovery_point_takes_nothing_behind_its_segment() {
    for is_clean in [true, false] {
        let disk = SeededDisk::new(ManualClock::new(NOW));
        let random = Random(SeededEntropy::new(2));
        let written = write_segments(&disk, &random, 3);
        let segments = names(&disk, ".log");
        let first = content(&disk, &segments[0]);
        let in_first = batches_of(&first).len();
        disk.corrupt(&segments[0], first.len() - 1)
            .expect("it is there");
        disk.remove_file(&segments[0].with_extension("index"))
            .expect("it is there");
        if !is_clean {
            disk.remove_file(&Path::new(ROOT).join(".kafka_cleanshutdown"))
                .expect("it is there");
        }
        let mut left = written.clone();
        left.remove(in_first - 1);
        for _ in 0..2 {
            let (_directory, log) = start(&disk);
            assert_eq!(read_all(&log.reader()), left);
        }
    }
}

#[test]
fn leader_epochs_that_the_batches_contradict_are_made_anew() {
    for wrong in ["0\n1\n1 3\n", "0\n2\n0 0\n1 5\n", "0\n2\n1 0\n7 9\n"] {
        let disk = SeededDisk::new(ManualClock::new(NOW));
        let written = write_segments(&disk, &Random(SeededEntropy::new(3)), 2);
        for name in [".kafka_cleanshutdown", "recovery-point-offset-checkpoint"] {
            disk.remove_file(&Path::new(ROOT).join(name))
                .expect("it is there");
        }
        overwrite(&disk, &Path::new(LOG).join(EPOCHS), wrong.as_bytes());
        let (_directory, log) = start(&disk);
        assert_eq!(read_all(&log.reader()), written);
        check_agreement(&log.reader(), &written);
    }
}

#[test]
fn a_log_whose_topic_cannot_be_read_is_named_with_what_to_do() {
    let disk = SeededDisk::new(ManualClock::new(NOW));
    write_segments(&disk, &Random(SeededEntropy::new(4)), 2);
    let file = Path::new(LOG).join("partition.metadata");
    overwrite(&disk, &file, &[0; 43]);
    let directory = LogDirectory::open(disk, Path::new(ROOT)).expect("the disk works");
    let refused = directory.open_log(NAME, TOPIC, options(), NOW, true);
    let sentence = refused.expect_err("nobody can tell").to_string();
    assert!(
        sentence.contains("some-topic-3/partition.metadata holds no topic id: remove it if"),
        "{sentence}"
    );
}
