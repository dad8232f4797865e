//! Topics that are deleted before their logs are open.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ottla_env::fake::SeededDisk;
use ottla_env::{Clock, Disk, OpenMode};

use super::ledger::{Ledger, NewTopic};
use super::process::{DATA, MACHINE, Process, Settings};
use super::{CLIENTS, LIMIT, admin, files};
use crate::{Simulation, World};

const NAME: &str = "short-lived";
/// So many that they are not all open when the first request comes.
const PARTITIONS: usize = 100;
/// Longer than it takes to open a log.
const A_WHILE: Duration = Duration::from_secs(1);

fn run<S: Future<Output = ()> + Send + 'static>(script: fn(World, Ledger) -> S) {
    for seed in 0..4 {
        let simulation = Simulation::new(seed);
        let ledger = Ledger::new(false);
        let done = simulation.run(LIMIT, script(simulation.world().clone(), ledger.clone()));
        assert_eq!(done, Ok(()), "seed {seed}");
        if let Err(violation) = ledger.verdict() {
            panic!("seed {seed}: {violation}");
        }
    }
}

fn settings(world: &World) -> Settings {
    Settings::choose(world)
        .with("log.dirs", DATA[0])
        .with("num.recovery.threads.per.data.dir", "1")
}

fn topic(partitions: usize) -> NewTopic {
    NewTopic {
        name: NAME.to_owned(),
        partitions,
        flushes: false,
        retains_little: false,
        configs: BTreeMap::new(),
    }
}

/// Deletes a topic of which a new life has opened only some of the logs, perhaps none.
async fn delete_while_opening(world: World, ledger: Ledger, between: fn(&SeededDisk)) {
    let (env, settings) = (world.boot(CLIENTS), settings(&world));
    let _first = Process::start(&world, &ledger, &settings);
    let created = admin::create(&world, &env, &ledger, &topic(PARTITIONS)).await;
    let id = created.expect("nothing is violated");
    files::judge(&world, &ledger).await;
    world.kill(MACHINE);
    between(&world.disk(MACHINE));
    let _second = Process::start(&world, &ledger, &settings);
    admin::delete(&world, &env, &ledger, id).await;
    files::judge(&world, &ledger).await;
}

#[test]
fn a_topic_whose_logs_wait_to_be_recovered_leaves_nothing_behind() {
    run(|world, ledger| delete_while_opening(world, ledger, |_| {}));
}

#[test]
fn a_topic_whose_logs_cannot_be_opened_leaves_nothing_behind() {
    run(|world, ledger| {
        delete_while_opening(world, ledger, |disk| {
            for partition in 0..PARTITIONS {
                let segment = format!("{NAME}-{partition}/00000000000000000000.log");
                let segment = Path::new(DATA[0]).join(segment);
                disk.remove_file(&segment).expect("every log has one");
                disk.create_directories(&segment)
                    .expect("it is out of the way");
            }
        })
    });
}

#[test]
fn a_topic_whose_log_could_not_be_made_can_be_deleted() {
    run(|world, ledger| async move {
        let (env, settings, disk) = (world.boot(CLIENTS), settings(&world), world.disk(MACHINE));
        let _process = Process::start(&world, &ledger, &settings);
        let before = admin::create(&world, &env, &ledger, &topic(1)).await;
        let before = before.expect("nothing is violated");
        admin::delete(&world, &env, &ledger, before).await;
        files::judge(&world, &ledger).await;
        let place = Path::new(DATA[0]).join(format!("{NAME}-0"));
        drop(
            disk.open(&place, OpenMode::Create)
                .expect("nothing is there"),
        );
        let created = admin::create(&world, &env, &ledger, &topic(1)).await;
        let id = created.expect("nothing is violated");
        world.clock().sleep(A_WHILE).await;
        disk.remove_file(&place).expect("it is still there");
        admin::delete(&world, &env, &ledger, id).await;
        files::judge(&world, &ledger).await;
    });
}
