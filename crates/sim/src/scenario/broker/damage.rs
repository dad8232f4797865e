//! A node of which some files were damaged while it was down. Either it starts, and everything is there that clients were told, or it
//! says in a sentence what is wrong with which file and what to do, and has destroyed nothing: with the file put back, it starts.
//!
//! What lies in segments of topics is not touched here: the tests of `ottla-log` are about that.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use ottla_env::fake::SeededDisk;
use ottla_env::{Disk, DiskFile, OpenMode};
use ottla_wire::records::Batches;

use super::consumer::Until;
use super::ledger::{Delivery, Ledger, NewTopic, Place};
use super::process::{DATA, MACHINE, Process, Settings};
use super::{CLIENTS, LIMIT, admin, configs, consumer, files, producer};
use crate::scenario::{Failure, Played};
use crate::{SimEnv, Simulation, World};

const METADATA_LOG: &str = "__cluster_metadata-0";
/// What a sentence says that says what to do.
const ADVICE: [&str; 5] = [
    "put back a copy",
    "remove it",
    "remove the logs",
    "use another directory",
    "give --cluster-id",
];

/// What is done to a file.
#[derive(Clone, PartialEq, Eq)]
enum Damage {
    Remove,
    Truncate(usize),
    /// Other bytes from a position on.
    Overwrite(usize, Vec<u8>),
    Append(Vec<u8>),
}

impl fmt::Debug for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove => write!(f, "removed"),
            Self::Truncate(size) => write!(f, "cut at {size}"),
            Self::Overwrite(at, bytes) => write!(f, "{} other bytes from {at} on", bytes.len()),
            Self::Append(bytes) => write!(f, "{} more bytes", bytes.len()),
        }
    }
}

/// What may become of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tolerance {
    MustStart,
    MayRefuse,
    /// It looks like a write that a power cut tore, or like a log that never went on.
    MayLose,
}

/// Plays the scenario under `seed`.
pub fn play(seed: u64) -> Result<Played, Failure> {
    let simulation = Simulation::new(seed);
    let ledger = Ledger::new(false);
    let world = simulation.world();
    let script = script(world.clone(), ledger.clone(), choose);
    let outcome = simulation.run(LIMIT, script).map_err(Failure::Stuck)?;
    let judged = ledger.verdict().and_then(|judged| {
        outcome?;
        Ok(judged)
    });
    let judged = judged.map_err(Failure::Violated)?;
    world.note(judged);
    Ok(Played {
        trace: world.trace(),
        judged,
    })
}

/// The files to damage, and whether the node was stopped cleanly before that.
struct Scene<'a> {
    world: &'a World,
    disk: &'a SeededDisk,
    is_clean: bool,
}

/// What is done to which files, and what of it.
type Damages = Vec<(PathBuf, Damage, Tolerance)>;

/// Gives what was said if the node was refused.
async fn script(
    world: World,
    ledger: Ledger,
    choose: impl FnOnce(Scene<'_>) -> Damages,
) -> Result<Option<String>, String> {
    let settings = Settings::choose(&world).with("log.dirs", DATA[0]);
    let env = world.boot(CLIENTS);
    let is_clean = world.choose(2) == 0;
    let lives = 1 + world.choose(3);
    for life in 0..lives {
        let process = Process::start(&world, &ledger, &settings);
        live(&world, &env, &ledger, life).await;
        // Earlier lives end as they like.
        if if life + 1 < lives {
            world.choose(2) == 0
        } else {
            is_clean
        } {
            ledger.leaving();
            process.stop().await;
            ledger.stopped();
        }
        world.kill(MACHINE);
    }
    if ledger.is_over() {
        return Ok(None);
    }
    let disk = world.disk(MACHINE);
    let damages = choose(Scene {
        world: &world,
        disk: &disk,
        is_clean,
    });
    let before = contents(&disk);
    for (path, damage, tolerance) in &damages {
        tracing::info!(path = %path.display(), ?damage, ?tolerance, is_clean, "damaged");
        inflict(&disk, path, damage);
    }
    let tolerance = damages.iter().map(|(_, _, tolerance)| *tolerance).max();
    let said = match Process::attempt(&world, &ledger, &settings).await {
        Ok(_) if tolerance == Some(Tolerance::MayLose) => return Ok(None),
        Ok(process) => {
            judge(&world, &env, &ledger, process).await;
            return Ok(None);
        }
        Err(said) => said,
    };
    tracing::info!(said, "refused");
    let is_named = damages.iter().any(|(path, _, _)| {
        let folder = path.parent().unwrap_or(path);
        said.contains(&*path.to_string_lossy())
            // These two speak for their folders.
            || ((folder.ends_with(METADATA_LOG) || path.ends_with("meta.properties"))
                && said.starts_with(&*folder.to_string_lossy()))
    });
    let has_advice = ADVICE.iter().any(|advice| said.contains(advice));
    if tolerance == Some(Tolerance::MustStart) || !is_named || !has_advice {
        return Err(format!("after {damages:?} the start ends with: {said}"));
    }
    world.kill(MACHINE);
    for (path, _, _) in &damages {
        write(&disk, path, &before[path]);
    }
    match Process::attempt(&world, &ledger, &settings).await {
        Ok(process) => judge(&world, &env, &ledger, process).await,
        Err(said) => return Err(format!("with all put back the start ends with: {said}")),
    }
    Ok(Some(said))
}

/// Topics, their configs, and records in them.
async fn live(world: &World, env: &SimEnv, ledger: &Ledger, life: u64) {
    for number in 0..1 + world.choose(2) {
        let topic = NewTopic {
            name: format!("topic-{life}-{number}"),
            partitions: 1 + world.choose(3) as usize,
            flushes: world.choose(2) == 0,
            retains_little: false,
            configs: configs::choose(world, false),
        };
        let Some(id) = admin::create(world, env, ledger, &topic).await else {
            return;
        };
        let plan = |partition| producer::Plan {
            number: life * 100 + number * 10 + partition,
            topic: topic.name.clone(),
            place: Place {
                topic: id,
                partition: partition as i32,
            },
            batches: 1 + world.choose(10),
            longest_rest: Duration::from_millis(100),
            delivery: Delivery::Idempotent,
            acks: -1,
            is_careless: false,
        };
        let produce =
            |partition| producer::run(world.clone(), env.clone(), ledger.clone(), plan(partition));
        join_all((0..topic.partitions as u64).map(produce)).await;
        if world.choose(2) == 0 {
            configs::alter(world, env, ledger, id).await;
        }
        if world.choose(4) == 0 {
            admin::grow(world, env, ledger, id).await;
        }
    }
}

/// Everything is there, and it goes on.
async fn judge(world: &World, env: &SimEnv, ledger: &Ledger, process: Process) {
    let read = || consumer::run(world.clone(), env.clone(), ledger.clone(), Until::End);
    read().await;
    for id in ledger.topics().into_keys() {
        configs::describe(world, env, ledger, id).await;
    }
    files::judge(world, ledger).await;
    live(world, env, ledger, 9).await;
    read().await;
    if ledger.is_over() {
        return;
    }
    ledger.leaving();
    process.stop().await;
    ledger.stopped();
}

/// All files, in the directory and those below it.
fn contents(disk: &SeededDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from(DATA[0])];
    while let Some(folder) = folders.pop() {
        for entry in disk.list(&folder).expect("the disk works") {
            let path = folder.join(entry.name);
            if entry.is_directory {
                folders.push(path);
            } else {
                let file = disk.open(&path, OpenMode::Read).expect("it is there");
                let length = file.length().expect("the disk works");
                let mut bytes = vec![0; usize::try_from(length).expect("it is small")];
                file.read_at(&mut bytes, 0).expect("the disk works");
                found.insert(path, bytes);
            }
        }
    }
    found
}

fn write(disk: &SeededDisk, path: &Path, bytes: &[u8]) {
    let file = disk.open(path, OpenMode::Truncate).expect("the disk works");
    file.write_at(&mut [IoSlice::new(bytes)], 0)
        .and_then(|()| file.sync())
        .and_then(|()| disk.sync_directory(path.parent().unwrap_or(path)))
        .expect("the disk works");
}

fn inflict(disk: &SeededDisk, path: &Path, damage: &Damage) {
    if *damage == Damage::Remove {
        return disk.remove_file(path).expect("it is there");
    }
    let mut bytes = contents(disk).remove(path).expect("it is there");
    match damage {
        Damage::Remove => {}
        Damage::Truncate(length) => bytes.truncate(*length),
        Damage::Overwrite(at, with) => bytes[*at..*at + with.len()].copy_from_slice(with),
        Damage::Append(more) => bytes.extend(more),
    }
    write(disk, path, &bytes);
}

/// One file, or two.
fn choose(scene: Scene<'_>) -> Damages {
    let world = scene.world;
    let mut left: Vec<(PathBuf, Vec<u8>)> = contents(scene.disk)
        .into_iter()
        .filter(|(path, _)| is_game(path))
        .collect();
    // There are more of others, and it has more to lose.
    let (of_metadata, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|(path, _)| {
        path.parent()
            .is_some_and(|folder| folder.ends_with(METADATA_LOG))
    });
    left = if world.choose(4) == 0 {
        others
    } else {
        of_metadata
    };
    let mut damages = Vec::new();
    for _ in 0..1 + world.choose(4) / 3 {
        if left.is_empty() {
            break;
        }
        let (path, bytes) = left.swap_remove(world.choose(left.len() as u64) as usize);
        let damage = of_file(world, &path, &bytes);
        let tolerance = tolerance(&scene, &path, &bytes, &damage);
        damages.push((path, damage, tolerance));
    }
    damages
}

/// Whether a file is damaged here.
fn is_game(path: &Path) -> bool {
    let is_records = files::holds_records(path);
    !is_records && path.file_name().is_some_and(|name| name != ".lock")
}

fn of_file(world: &World, path: &Path, bytes: &[u8]) -> Damage {
    let below = |bound: usize| world.choose(bound as u64) as usize;
    let garbage = |count: usize| (0..count).map(|_| world.choose(256) as u8).collect();
    // Without it the directory is not this node's, and formatted once more.
    let can_go = !path.ends_with("meta.properties");
    match world.choose(8) {
        0 | 1 if can_go => Damage::Remove,
        0..=2 if !bytes.is_empty() => Damage::Truncate(below(bytes.len())),
        3 => Damage::Truncate(0),
        4 if !bytes.is_empty() => {
            let at = below(bytes.len());
            Damage::Overwrite(at, vec![bytes[at] ^ (1 << below(8))])
        }
        5 if !bytes.is_empty() => {
            let at = below(bytes.len());
            Damage::Overwrite(at, vec![0; bytes.len() - at])
        }
        6 if !bytes.is_empty() => {
            let at = below(bytes.len());
            let count = (1 + below(50)).min(bytes.len() - at);
            Damage::Overwrite(at, garbage(count))
        }
        _ => Damage::Append(garbage(1 + below(300))),
    }
}

fn tolerance(scene: &Scene<'_>, path: &Path, bytes: &[u8], damage: &Damage) -> Tolerance {
    let has_name = |name: &str| path.ends_with(name);
    let has_extension = |wanted: &str| path.extension().is_some_and(|found| found == wanted);
    let folder = path.parent().unwrap_or(path);
    let is_of_metadata = folder.ends_with(METADATA_LOG);
    if is_of_metadata && has_extension("log") {
        let last = contents(scene.disk)
            .into_keys()
            .filter(|other| other.starts_with(folder) && other.extension() == path.extension())
            .max();
        if last.as_deref() == Some(path) {
            return of_last_segment(scene.is_clean, bytes, damage);
        }
        return Tolerance::MayRefuse;
    }
    let is_of_topic = folder != Path::new(DATA[0]) && !is_of_metadata;
    let is_topic_id = is_of_topic && has_name("partition.metadata");
    // Another id is that of another topic, whose log this seems to be: it is put aside.
    if is_topic_id && matches!(damage, Damage::Overwrite(..)) {
        return Tolerance::MayLose;
    }
    let is_named = has_name("meta.properties")
        // Its number is an offset that the metadata log has gone on to.
        || has_name(".kafka_cleanshutdown")
        || (is_of_metadata && has_extension("checkpoint"))
        || (is_topic_id && *damage != Damage::Remove);
    if is_named {
        Tolerance::MayRefuse
    } else {
        Tolerance::MustStart
    }
}

/// What the end of the metadata log suffers may be what a power cut left, unless something shows that it was on disk.
fn of_last_segment(is_clean: bool, bytes: &[u8], damage: &Damage) -> Tolerance {
    let (mut position, mut last_control) = (0, 0);
    let mut borders = vec![0];
    for batch in Batches::new(bytes).map_while(Result::ok) {
        if batch.header.attributes.is_control() {
            last_control = position;
        }
        position += batch.bytes.len();
        borders.push(position);
    }
    let shows = match damage {
        Damage::Remove => false,
        Damage::Truncate(length) => is_clean && !borders.contains(length),
        Damage::Overwrite(at, with) => is_clean || at + with.len() <= last_control,
        Damage::Append(_) if is_clean => true,
        Damage::Append(_) => return Tolerance::MustStart,
    };
    if shows {
        Tolerance::MayRefuse
    } else {
        Tolerance::MayLose
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_node_starts_with_all_that_was_told_or_names_the_file() {
        for seed in 0..60 {
            play(seed).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
        }
    }

    /// How a directory was left.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Left {
        Cleanly,
        Killed,
        Either,
    }

    /// A place in a file.
    #[derive(Clone, Copy, Debug)]
    enum At {
        Begin,
        Middle,
        End,
    }

    #[derive(Clone, Copy, Debug)]
    enum What {
        Gone,
        Empty,
        Cut(At),
        Zeros(At),
        Garbage(At),
        Text(&'static str),
    }

    impl What {
        fn on(self, bytes: &[u8]) -> Vec<Damage> {
            let place = |at| match at {
                At::Begin => 0,
                At::Middle => bytes.len() / 2,
                At::End => bytes.len() - 1,
            };
            let garbage = |at: usize| Damage::Overwrite(at, vec![!bytes[at]]);
            match self {
                Self::Cut(_) | Self::Zeros(_) | Self::Garbage(_) if bytes.is_empty() => {
                    vec![Damage::Append(vec![0xab; 7])]
                }
                Self::Gone => vec![Damage::Remove],
                Self::Empty => vec![Damage::Truncate(0)],
                Self::Cut(at) => vec![Damage::Truncate(place(at))],
                Self::Zeros(at) => vec![Damage::Overwrite(
                    place(at),
                    vec![0; bytes.len() - place(at)],
                )],
                Self::Garbage(At::End) => vec![Damage::Append(vec![0xab; 777])],
                Self::Garbage(at) => vec![garbage(place(at))],
                Self::Text(text) => vec![Damage::Truncate(0), Damage::Append(text.into())],
            }
        }
    }

    /// What is said by a start on a directory with such a file damaged, if that is refused; everything else is judged.
    fn said(name: &'static str, what: What, left: Left, seed: u64) -> Option<String> {
        let simulation = Simulation::new(seed);
        let ledger = Ledger::new(false);
        let choose = move |scene: Scene<'_>| -> Damages {
            let as_asked = match left {
                Left::Cleanly => scene.is_clean,
                Left::Killed => !scene.is_clean,
                Left::Either => true,
            };
            let files = contents(scene.disk);
            let mut files = files.into_iter().filter(|(path, _)| {
                let path = path.to_string_lossy();
                let (folder, name) = name.rsplit_once('/').unwrap_or(("/data", name));
                path.contains(folder) && path.ends_with(name)
            });
            match files.next_back().filter(|_| as_asked) {
                Some((path, bytes)) => {
                    let damages = what.on(&bytes).into_iter();
                    // What a power cut may have done is not noticed.
                    let is_noticed = |damage: &Damage| {
                        left != Left::Killed
                            || tolerance(&scene, &path, &bytes, damage) != Tolerance::MayLose
                    };
                    damages
                        .filter(is_noticed)
                        .map(|damage| (path.clone(), damage, Tolerance::MayRefuse))
                        .collect()
                }
                None => Vec::new(),
            }
        };
        let script = script(simulation.world().clone(), ledger.clone(), choose);
        let outcome = simulation.run(LIMIT, script);
        let case = format!("{name}: {what:?}, {left:?}, seed {seed}");
        let said = outcome.unwrap_or_else(|stuck| panic!("{case}: {stuck}"));
        if let Err(violation) = ledger.verdict() {
            panic!("{case}: {violation}");
        }
        said.unwrap_or_else(|problem| panic!("{case}: {problem}"))
    }

    /// So many that the directory is found as each of them asks.
    const SEEDS: u64 = 6;

    #[test]
    fn what_can_be_made_anew_is_made_anew() {
        for name in [
            "__cluster_metadata-0/quorum-state",
            "__cluster_metadata-0/partition.metadata",
            "__cluster_metadata-0/leader-epoch-checkpoint",
            "__cluster_metadata-0/.index",
            "__cluster_metadata-0/.timeindex",
            "__cluster_metadata-0/.snapshot",
            "__cluster_metadata-0/-0000000000.checkpoint",
            "/data/bootstrap.checkpoint",
            "/data/recovery-point-offset-checkpoint",
            "/data/replication-offset-checkpoint",
            "/data/log-start-offset-checkpoint",
        ] {
            for what in [
                What::Gone,
                What::Empty,
                What::Cut(At::Middle),
                What::Zeros(At::Begin),
                What::Garbage(At::Begin),
                What::Garbage(At::End),
            ] {
                for seed in 0..SEEDS / 2 {
                    assert_eq!(
                        said(name, what, Left::Either, seed),
                        None,
                        "{name}: {what:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_quorum_state_of_others_is_no_reason_not_to_lead() {
        let state = "__cluster_metadata-0/quorum-state";
        for text in [
            "{\"leaderId\":7,\"leaderEpoch\":9,\"votedId\":-1,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}",
            "{\"leaderId\":-1,\"leaderEpoch\":1,\"votedId\":8,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAATQ\",\"data_version\":1}",
            "{\"leaderId\":1,\"leaderEpoch\":-4,\"votedId\":1,\"data_version\":0}",
            "{\"data_version\":9}",
            "[]",
        ] {
            for seed in 0..SEEDS {
                assert_eq!(
                    said(state, What::Text(text), Left::Either, seed),
                    None,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn what_is_needed_and_nowhere_else_is_named() {
        let refused = |name, what, left, expected: &str| {
            let said: Vec<String> = (0..SEEDS)
                .filter_map(|seed| said(name, what, left, seed))
                .collect();
            assert!(!said.is_empty(), "{name}: {what:?}, {left:?}");
            for said in said {
                assert!(said.contains(expected), "{name}: {what:?}: {said}");
            }
        };
        let segment = "__cluster_metadata-0/.log";
        // In front of the epoch that the last life began, or of what a snapshot contains.
        refused(segment, What::Garbage(At::Begin), Left::Cleanly, ".log: ");
        // Or of logs that nobody would know of any more.
        let remedy = "put back a copy of ";
        refused(segment, What::Garbage(At::Begin), Left::Killed, remedy);
        refused(segment, What::Zeros(At::Middle), Left::Cleanly, ".log: ");
        refused(segment, What::Cut(At::End), Left::Cleanly, ".log: ");
        refused(
            segment,
            What::Gone,
            Left::Cleanly,
            "put back a copy of the ",
        );
        for what in [What::Cut(At::Middle), What::Zeros(At::Begin), What::Empty] {
            let expected = "/data/meta.properties: expected version=1 with ";
            refused("/data/meta.properties", what, Left::Either, expected);
            let expected = "/partition.metadata holds no topic id: remove it if";
            refused(
                "/data/topic-/partition.metadata",
                what,
                Left::Either,
                expected,
            );
        }
    }

    #[test]
    fn what_was_begun_behind_the_end_of_the_metadata_is_cut() {
        let segment = "__cluster_metadata-0/.log";
        for seed in 0..SEEDS {
            assert_eq!(
                said(segment, What::Garbage(At::End), Left::Killed, seed),
                None
            );
        }
    }
}
