//! What befalls the machine of the broker.

use std::io::ErrorKind;
use std::time::Duration;

use futures::future::{Either, select};
use ottla_env::{Clock, Disk};

use super::ledger::Ledger;
use super::process::{MACHINE, MIN_FREE, Process, Settings};
use crate::{Death, Moment, World};

/// The longest a life takes that nothing else ends: a new node lets half a minute pass before it applies retention.
const LONG_LIFE: Duration = Duration::from_secs(60);

/// How wrong the date becomes, either way: within what `message.timestamp.after.max.ms` lets records be ahead of it.
const WRONG_BY_MS: u64 = 25 * 60 * 1000;

/// Ends lives of the process and starts it again, `lives` times; it runs when this ends.
pub(super) async fn befall(
    world: &World,
    ledger: &Ledger,
    settings: &Settings,
    lives: u64,
) -> Process {
    let mut process = Process::start(world, ledger, settings);
    for _ in 0..lives {
        if ledger.is_over() {
            break;
        }
        match world.choose(9) {
            0..=2 => {
                // Most happens soon after a start, and some of the rest only later.
                let steps = 1 + world.choose(1 << (4 + world.choose(10)));
                die(world, ledger, Moment::AfterSteps(steps)).await;
            }
            3..=4 => {
                let operations = world.choose(1 << (1 + world.choose(8)));
                die(world, ledger, Moment::BeforeOperation(operations)).await;
            }
            5 => {
                wait(world).await;
                ledger.leaving();
                let stop = process.stop();
                let patience = world.clock().sleep(LONG_LIFE);
                if let Either::Left(_) = select(Box::pin(stop), Box::pin(patience)).await {
                    ledger.stopped();
                } else {
                    ledger.violate("the broker does not stop".to_owned());
                }
                end(world, ledger);
            }
            6 => {
                sicken(world, ledger);
                wait(world).await;
                end(world, ledger);
            }
            7 => {
                nearly_fill(world, ledger).await;
                wait(world).await;
                end(world, ledger);
            }
            _ => {
                wait(world).await;
                end(world, ledger);
            }
        }
        world.disk(MACHINE).set_capacity(None);
        process = Process::start(world, ledger, settings);
    }
    process
}

/// Cuts connections now and then.
pub(super) async fn cut_connections(world: World) {
    loop {
        let pause = Duration::from_millis(world.choose(20_000));
        world.clock().sleep(pause).await;
        world.break_connections(MACHINE);
    }
}

/// Sets the date again and again, forward and back.
pub(super) async fn set_dates(world: World) {
    let mut ahead = 0;
    loop {
        world
            .clock()
            .sleep(Duration::from_millis(world.choose(30_000)))
            .await;
        let next = i64::try_from(world.choose(2 * WRONG_BY_MS)).unwrap_or(0) - WRONG_BY_MS as i64;
        world.clock().set_date(next - ahead);
        ahead = next;
    }
}

async fn wait(world: &World) {
    let most = u64::try_from(LONG_LIFE.as_millis()).unwrap_or(u64::MAX);
    let time = Duration::from_millis(world.choose(most >> world.choose(6)));
    world.clock().sleep(time).await;
}

async fn die(world: &World, ledger: &Ledger, moment: Moment) {
    let death = choose_death(world);
    world.doom(MACHINE, moment, death).await;
    if death == Death::PowerCut {
        ledger.power_was_cut();
    }
}

/// The process ends now, whatever it does.
pub(super) fn end(world: &World, ledger: &Ledger) {
    match choose_death(world) {
        Death::Kill => world.kill(MACHINE),
        Death::PowerCut => {
            world.crash(MACHINE);
            ledger.power_was_cut();
        }
    }
}

fn choose_death(world: &World) -> Death {
    if world.choose(4) == 0 {
        Death::Kill
    } else {
        Death::PowerCut
    }
}

/// A disk that has hardly more room than the node keeps free, and then some again: nothing fails but what producers send.
async fn nearly_fill(world: &World, ledger: &Ledger) {
    let disk = world.disk(MACHINE);
    if let Ok(space) = disk.space(std::path::Path::new("/")) {
        ledger.fill_up();
        let room = MIN_FREE - MIN_FREE / 8 + world.choose(MIN_FREE / 4);
        disk.set_capacity(Some(space.total - space.free + room));
        wait(world).await;
        disk.set_capacity(None);
    }
}

/// A disk that fails once, at a write or a read, or that fills up.
fn sicken(world: &World, ledger: &Ledger) {
    ledger.fall_sick();
    let disk = world.disk(MACHINE);
    if world.choose(4) == 0 {
        disk.fail_next_read(ErrorKind::Other);
    } else if world.choose(2) == 0 {
        let operation = disk.operations() + world.choose(100);
        disk.fail_at(operation, ErrorKind::Other);
    } else if let Ok(space) = disk.space(std::path::Path::new("/")) {
        let room = world.choose(20_000);
        disk.set_capacity(Some(space.total - space.free + room));
    }
}
