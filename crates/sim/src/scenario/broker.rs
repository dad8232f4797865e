//! The production broker on a machine whose process is killed and whose power fails, before any disk operation and at any await,
//! with clients that produce, consume, create, change and delete. Now and then somebody sets the date.
//!
//! What clients are told goes into a `Ledger`, and everything they are told later is judged by it: what was acknowledged and
//! synced is there, once or at least once as the producer may expect, in order; what was not synced is missing from the end of a
//! log at most, and its offsets come again with a higher leader epoch only; high watermark and log start never go back in a life;
//! topics and their configs are what they were said to be; what a group has committed is what it finds, no partition is two members' of
//! it at once, and each is somebody's where nobody comes or goes any more; the quorum's level goes up and never down. Beside them a replica follows the metadata log, of which nothing that was
//! committed may ever change and which makes the image that the process has in memory, and a rival claims later epochs of the
//! quorum, in each of which there is one vote.

mod admin;
mod committed;
mod configs;
mod connection;
mod consumer;
mod content;
#[cfg(test)]
mod cordons;
pub mod damage;
#[cfg(test)]
mod deletion;
mod faults;
mod files;
mod follower;
mod group;
mod image;
mod ledger;
mod level;
mod members;
mod metadata;
mod moves;
mod offsets;
mod pass;
mod process;
mod producer;
mod records_deletion;
#[cfg(test)]
mod recovery;
mod rival;
#[cfg(test)]
mod silence;
mod topic;
mod users;

use futures::channel::oneshot;
use futures::future::{join, join_all};
use ottla_env::{Env, Spawn};

use self::consumer::Until;
use self::ledger::Ledger;
use self::process::{MACHINE, Process, Settings};
use super::{Failure, LIMIT, Played};
use crate::{Machine, SimEnv, Simulation, World};

const CLIENTS: Machine = Machine(2);

/// The canaries: a judge that never catches them judges nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// The disk answers syncs of the topics' records that it does not do.
    LyingDisk,
    /// The judge believes that all that is acknowledged is on disk.
    CredulousJudge,
    /// Producers that should be idempotent send no producer id: what they repeat is appended again.
    CarelessProducer,
    /// Members of groups keep what they say they have given up.
    GreedyMember,
    /// Who leads a group gives one partition to nobody.
    CarelessLeader,
}

/// Plays the scenario under `seed`.
pub fn play(seed: u64, planted: Planted) -> Result<Played, Failure> {
    play_in(&Simulation::new(seed), planted)
}

/// The same in a simulation of the caller's, who finds there what the node has left on its disk.
pub fn play_in(simulation: &Simulation, planted: Planted) -> Result<Played, Failure> {
    let ledger = Ledger::new(planted == Planted::CredulousJudge);
    let script = script(simulation.world().clone(), ledger.clone(), planted);
    simulation.run(LIMIT, script).map_err(Failure::Stuck)?;
    let judged = ledger.verdict().map_err(Failure::Violated)?;
    let world = simulation.world();
    world.note(judged);
    world.note(world.disk(MACHINE).operations());
    Ok(Played {
        trace: world.trace(),
        judged,
    })
}

async fn script(world: World, ledger: Ledger, planted: Planted) {
    if planted == Planted::LyingDisk {
        world.disk(MACHINE).lie_about_syncs(files::holds_records);
    }
    let settings = Settings::choose(&world);
    let env = world.boot(CLIENTS);
    let mut clients_of_users = None;
    if world.choose(2) == 0 {
        world.spawn(faults::cut_connections(world.clone()));
    }
    if world.choose(3) == 0 {
        world.spawn(faults::set_dates(world.clone()));
    }
    if world.choose(2) == 0 {
        let follower = follower::follow(world.clone(), env.clone(), ledger.clone());
        drop(start(&env, follower));
    }
    if world.choose(2) == 0 {
        let rival = rival::claim(world.clone(), env.clone(), ledger.clone());
        drop(start(&env, rival));
    }
    let moves = moves::run(world.clone(), env.clone(), ledger.clone());
    let moves = start(&env, moves);
    if world.choose(2) == 0 {
        let users = users::alter(world.clone(), env.clone(), ledger.clone());
        clients_of_users = Some(start(&env, users));
    }
    if world.choose(2) == 0 {
        let level = level::raise(world.clone(), env.clone(), ledger.clone());
        drop(start(&env, level));
    }
    let lives = 2 + world.choose(5);
    let clients = {
        let (world, ledger, env) = (world.clone(), ledger.clone(), env.clone());
        start(&env.clone(), async move {
            if world.choose(2) == 0 {
                members::keep(&world, &env, &ledger).await;
            }
            let groups = world.choose(3);
            let group = |number| members::live(&world, &env, &ledger, number, planted);
            let topics = 1 + world.choose(3);
            let topic = |number| topic::live(&world, &env, &ledger, number, planted);
            let topics = join_all((0..topics).map(topic));
            join(topics, join_all((0..groups).map(group))).await;
        })
    };
    let process = faults::befall(&world, &ledger, &settings, lives).await;
    // The machine is well from here on: all that is still to be done succeeds.
    let _ = join(clients, moves).await;
    if let Some(users) = clients_of_users {
        let _ = users.await;
    }
    members::find_together(&world, &ledger).await;
    judge(&world, &env, &ledger, &settings, process).await;
}

/// The last look: all is read once more, in a life of its own.
async fn judge(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    settings: &Settings,
    mut process: Process,
) {
    if ledger.is_over() {
        return;
    }
    files::judge(world, ledger).await;
    remember(world, env, ledger, &mut process).await;
    if world.choose(2) == 0 {
        ledger.leaving();
        process.stop().await;
        ledger.stopped();
    }
    faults::end(world, ledger);
    let mut process = Process::start(world, ledger, settings);
    members::find_together(world, ledger).await;
    consumer::run(world.clone(), env.clone(), ledger.clone(), Until::End).await;
    remember(world, env, ledger, &mut process).await;
    for id in ledger.topics().into_keys() {
        configs::describe(world, env, ledger, id).await;
    }
    users::judge(world, env, ledger).await;
    level::judge(world, env, ledger).await;
    files::judge(world, ledger).await;
}

/// What the process has in memory is what the metadata log says.
async fn remember(world: &World, env: &SimEnv, ledger: &Ledger, process: &mut Process) {
    if let Some(memory) = process.memory().await {
        follower::catch_up(world, env, ledger, memory).await;
    }
}

/// Runs a client beside the others; ready when it has ended.
fn start(env: &SimEnv, client: impl Future<Output = ()> + Send + 'static) -> oneshot::Receiver<()> {
    let (sender, done) = oneshot::channel();
    env.spawn().task(async move {
        client.await;
        let _ = sender.send(());
    });
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_and_synced_survives_every_seed() {
        let mut judged = 0;
        for seed in 0..15 {
            judged += play(seed, Planted::Nothing)
                .unwrap_or_else(|failure| panic!("seed {seed}: {failure}"))
                .judged;
        }
        assert!(judged > 100_000, "only {judged} facts");
    }

    #[test]
    fn a_seed_played_twice_leaves_the_same_trace() {
        for seed in 0..5 {
            assert_eq!(play(seed, Planted::Nothing), play(seed, Planted::Nothing));
        }
        assert_ne!(play(1, Planted::Nothing), play(2, Planted::Nothing));
    }

    #[test]
    fn the_judge_catches_a_disk_that_lies() {
        assert!(caught(Planted::LyingDisk, 40) > 20);
    }

    #[test]
    fn the_judge_catches_an_acknowledged_record_that_is_lost() {
        assert!(caught(Planted::CredulousJudge, 40) > 10);
    }

    #[test]
    fn the_judge_catches_a_record_that_is_appended_twice() {
        assert!(caught(Planted::CarelessProducer, 80) > 40);
    }

    #[test]
    fn the_judge_catches_members_that_have_one_partition() {
        assert!(caught(Planted::GreedyMember, 40) > 10);
    }

    #[test]
    fn the_judge_catches_a_partition_that_no_member_has() {
        assert!(caught(Planted::CarelessLeader, 40) > 5);
    }

    fn caught(planted: Planted, seeds: u64) -> usize {
        (0..seeds)
            .filter(|&seed| matches!(play(seed, planted), Err(Failure::Violated(_))))
            .count()
    }
}
