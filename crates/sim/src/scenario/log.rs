//! The production log on a machine that loses its power: appends go on while a sync runs beside them, as in the broker's lane.
//! What a finished sync covered is promised, and must be read back, byte for byte, in every later life of the machine.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::fake::SeededDisk;
use ottla_env::{Clock, Disk, DiskFile, Env, Spawn};
use ottla_log::dir::LogDirectory;
use ottla_log::validate::{AppendRules, validate};
use ottla_log::{Log, LogOptions};
use ottla_model::{LeaderEpoch, Offset, Timestamp, TopicId, Uuid};
use ottla_wire::records::{BatchBuilder, BatchFields, Batches, Compression, TimestampType};
use parking_lot::Mutex;

use super::{Failure, LIMIT, Played};
use crate::{Machine, SimEnv, Simulation, World};

const MACHINE: Machine = Machine(1);
const DIRECTORY: &str = "/data";
const PARTITION: &str = "topic-0";
const TOPIC: TopicId = TopicId(Uuid::from_u128(7));
/// Lives of the machine in a run.
const LIVES: u64 = 5;

/// When a record counts as safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    WhenSynced,
    /// The canary: a judge that never catches it judges nothing.
    WhenWritten,
}

/// What the machine has been told, whatever it remembers of it.
#[derive(Default)]
struct Told {
    /// The value of the record at each offset, of the latest life that wrote one there.
    written: BTreeMap<Offset, u64>,
    next_value: u64,
    /// All below was promised.
    promised: Offset,
    violation: Option<String>,
    judged: u64,
}

/// Plays the scenario under `seed`.
pub fn play(seed: u64, promise: Promise) -> Result<Played, Failure> {
    let simulation = Simulation::new(seed);
    let world = simulation.world().clone();
    let told = Arc::new(Mutex::new(Told::default()));
    let script = {
        let told = Arc::clone(&told);
        async move {
            for life in 0..LIVES {
                start(
                    &world,
                    &told,
                    promise,
                    LeaderEpoch(i32::try_from(life).expect("lives are few")),
                );
                world
                    .clock()
                    .sleep(Duration::from_millis(world.choose(1000)))
                    .await;
                match world.choose(4) {
                    0 => world.kill(MACHINE),
                    _ => world.crash(MACHINE),
                }
            }
            judge(&world, &mut told.lock());
        }
    };
    simulation.run(LIMIT, script).map_err(Failure::Stuck)?;
    let told = told.lock();
    if let Some(violation) = &told.violation {
        return Err(Failure::Violated(violation.clone()));
    }
    simulation.world().note(told.judged);
    Ok(Played {
        trace: simulation.world().trace(),
        judged: told.judged,
    })
}

fn start(world: &World, told: &Arc<Mutex<Told>>, promise: Promise, epoch: LeaderEpoch) {
    let env = world.boot(MACHINE);
    let (world, told) = (world.clone(), Arc::clone(told));
    env.spawn().clone().lane(async move {
        if let Err(error) = live(&env, &world, &told, promise, epoch).await {
            // The machine's death ends this task, so an error is one of a disk in order.
            told.lock().violation.get_or_insert(error.to_string());
        }
    });
}

async fn live(
    env: &SimEnv,
    world: &World,
    told: &Mutex<Told>,
    promise: Promise,
    epoch: LeaderEpoch,
) -> io::Result<()> {
    let (_directory, mut log) = open(env.disk(), env.clock().wall())?;
    compare(&log, &mut told.lock());
    // What the crash took is written anew.
    told.lock().written.split_off(&log.end());
    log.assign_epoch(epoch);
    loop {
        for _ in 0..world.choose(3) {
            append(&mut log, world, told, epoch, env.clock().wall())?;
        }
        if promise == Promise::WhenWritten {
            told.lock().promised = log.end();
        }
        if let Some(job) = log.unsynced() {
            let sync = env.spawn().blocking(move || job.run());
            for _ in 0..world.choose(3) {
                append(&mut log, world, told, epoch, env.clock().wall())?;
            }
            let synced = sync.await?;
            log.synced(synced);
            log.set_high_watermark(log.synced_end());
            let mut told = told.lock();
            told.promised = told.promised.max(synced);
        }
        env.clock()
            .sleep(Duration::from_millis(1 + world.choose(20)))
            .await;
    }
}

fn open(
    disk: &SeededDisk,
    now: Timestamp,
) -> io::Result<(LogDirectory<SeededDisk>, Log<SeededDisk>)> {
    disk.create_directories(Path::new(DIRECTORY))?;
    disk.sync_directory(Path::new("/"))?;
    let directory =
        LogDirectory::open(disk.clone(), Path::new(DIRECTORY)).map_err(io::Error::other)?;
    let options = LogOptions {
        segment_bytes: 2000,
        segment_age: Duration::from_secs(3600),
        index_interval_bytes: 200,
        index_bytes: 1 << 20,
        retention_bytes: None,
        retention_age: None,
        deletes: true,
        producer_expiration: Duration::from_secs(3600),
    };
    let log = directory
        .open_log(PARTITION, TOPIC, options, now, false)
        .map_err(io::Error::other)?;
    Ok((directory, log))
}

fn append(
    log: &mut Log<SeededDisk>,
    world: &World,
    told: &Mutex<Told>,
    epoch: LeaderEpoch,
    now: Timestamp,
) -> io::Result<()> {
    let rules = AppendRules {
        produce_version: 13,
        max_batch_bytes: 1 << 20,
        max_uncompressed_bytes: 1 << 20,
        timestamp_type: TimestampType::CreateTime,
        before_max_ms: i64::MAX,
        after_max_ms: i64::MAX,
        needs_keys: false,
        compression: None,
    };
    let mut told = told.lock();
    let mut batch = BatchBuilder::new(BatchFields::default(), Compression::None);
    let mut offset = log.end();
    for _ in 0..=world.choose(4) {
        let value = told.next_value;
        told.next_value += 1;
        batch.push(now, None, Some(&value.to_be_bytes()), []);
        told.written.insert(offset, value);
        offset = offset.next();
    }
    let batch = validate(batch.build(), &rules, now).map_err(io::Error::other)?;
    for appended in log.append_many(vec![batch], epoch, now) {
        appended.map_err(io::Error::other)?;
    }
    Ok(())
}

/// The last look at the disk.
fn judge(world: &World, told: &mut Told) {
    match open(&world.disk(MACHINE), world.clock().wall()) {
        Ok((_directory, log)) => compare(&log, told),
        Err(error) => {
            told.violation
                .get_or_insert(format!("the log does not open: {error}"));
        }
    }
}

/// All that was promised is there, and nothing is there that was not written.
fn compare(log: &Log<SeededDisk>, told: &mut Told) {
    let outcome = match read(log) {
        Ok(found) => {
            told.judged += found.len() as u64;
            let end = log.end();
            if end < told.promised {
                Err(format!(
                    "the log ends at {end}, and all below {} was promised",
                    told.promised
                ))
            } else {
                let expected: Vec<_> = told
                    .written
                    .range(..end)
                    .map(|(at, value)| (*at, *value))
                    .collect();
                if found == expected {
                    Ok(())
                } else {
                    Err(format!("below {end} other records than were written"))
                }
            }
        }
        Err(error) => Err(format!("the log is not readable: {error}")),
    };
    if let Err(violation) = outcome {
        told.violation.get_or_insert(violation);
    }
}

fn read(log: &Log<SeededDisk>) -> io::Result<Vec<(Offset, u64)>> {
    let (reader, mut from, mut found) = (log.reader(), log.reader().log_start(), Vec::new());
    while from < log.end() {
        let slice = reader
            .read(from, 500, log.end(), true)
            .map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        for piece in slice.pieces {
            let mut part = vec![0; usize::try_from(piece.length).expect("a piece fits in memory")];
            piece.file.read_at(&mut part, piece.position)?;
            bytes.extend(part);
        }
        let bytes = Bytes::from(bytes);
        let before = from;
        for batch in Batches::new(&bytes) {
            let batch = match batch {
                Ok(batch) => batch,
                // The bound on what is read cuts anywhere behind the first batch, and a consumer drops what is cut.
                Err(_) if from > before => break,
                Err(error) => return Err(io::Error::other(error)),
            };
            batch.check().map_err(io::Error::other)?;
            let records = batch.uncompressed(1 << 20).map_err(io::Error::other)?;
            for (at, record) in batch.records(&records).enumerate() {
                let record = record.map_err(io::Error::other)?;
                let value = record
                    .value
                    .and_then(|value| value.try_into().ok())
                    .map_or(u64::MAX, u64::from_be_bytes);
                found.push((
                    batch.header.base_offset + i64::try_from(at).expect("a batch is small"),
                    value,
                ));
            }
            from = batch.header.next_offset();
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sync_covered_survives_every_seed() {
        let mut judged = 0;
        for seed in 0..150 {
            judged += play(seed, Promise::WhenSynced)
                .unwrap_or_else(|failure| panic!("seed {seed}: {failure}"))
                .judged;
        }
        assert!(judged > 1000);
    }

    #[test]
    fn a_seed_played_twice_leaves_the_same_trace() {
        for seed in 0..10 {
            assert_eq!(
                play(seed, Promise::WhenSynced),
                play(seed, Promise::WhenSynced)
            );
        }
        assert_ne!(play(1, Promise::WhenSynced), play(2, Promise::WhenSynced));
    }

    #[test]
    fn the_judge_catches_a_promise_that_comes_too_early() {
        let play = |seed| play(seed, Promise::WhenWritten);
        let caught = (0..50)
            .filter(|&seed| matches!(play(seed), Err(Failure::Violated(_))))
            .count();
        assert!(caught > 2, "only {caught} of 50 seeds");
    }
}
