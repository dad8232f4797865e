use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::oneshot;
use ottla_env::Clock;
use ottla_env::fake::{ManualClock, SeededDisk};
use ottla_model::{Monotonic, Timestamp};
use parking_lot::Mutex;

use crate::Machine;
use crate::dice::Dice;
use crate::doom::{Death, Doom, Moment};
use crate::env::SimEnv;
use crate::net::Network;
use crate::scheduler::{Scheduler, Taken, TaskWaker};

/// 2026-01-01, so that dates in a trace look like dates.
const BEGINNING: Timestamp = Timestamp(1_767_225_600_000);

/// A world and its end: dropping it drops all tasks, which hold the world themselves.
pub struct Simulation {
    world: World,
}

impl Simulation {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let clock = ManualClock::new(BEGINNING);
        let scheduler = Arc::new(Mutex::new(Scheduler::default()));
        let inner = Inner {
            clock,
            scheduler,
            dice: Mutex::new(Dice::new(seed)),
            network: Mutex::new(Network::default()),
            disks: Mutex::new(BTreeMap::new()),
            dooms: Mutex::new(BTreeMap::new()),
            trace: Mutex::new(Trace::default()),
        };
        Self {
            world: World {
                inner: Arc::new(inner),
            },
        }
    }

    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Runs the world until `script` ends, for at most `limit` of virtual time.
    pub fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        script: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Stuck> {
        let world = &self.world;
        let deadline = world.now() + limit;
        let (sender, mut outcome) = oneshot::channel();
        world.spawn(async move {
            // Nobody waits for a script that has run out of time.
            drop(sender.send(script.await));
        });
        loop {
            while world.step() {
                if let Ok(Some(outcome)) = outcome.try_recv() {
                    return Ok(outcome);
                }
            }
            let Some(next) = world.inner.clock.next_deadline() else {
                return Err(Stuck::NothingLeft);
            };
            if next > deadline {
                return Err(Stuck::OutOfTime);
            }
            world.inner.clock.advance(next - world.now());
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // What is dropped may spawn once more; the last round finds nothing.
        loop {
            let tasks = self.world.inner.scheduler.lock().remove(None);
            if tasks.is_empty() {
                return;
            }
            drop(tasks);
        }
    }
}

/// Why a script did not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// All tasks wait for each other.
    NothingLeft,
    OutOfTime,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingLeft => "every task waits and no time-out is set",
            Self::OutOfTime => "the script did not end in its time",
        })
    }
}

/// The machines, the network between them, and time. Clones are the same world.
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

struct Inner {
    clock: ManualClock,
    scheduler: Arc<Mutex<Scheduler>>,
    dice: Mutex<Dice>,
    network: Mutex<Network>,
    disks: Mutex<BTreeMap<Machine, SeededDisk>>,
    dooms: Mutex<BTreeMap<Machine, Doom>>,
    trace: Mutex<Trace>,
}

/// Sums up the order of events. FNV-1a: short, and the same everywhere.
struct Trace(u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Trace {
    fn add(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl World {
    /// What a process on `machine` sees. The disk is the machine's and outlives the process.
    #[must_use]
    pub fn boot(&self, machine: Machine) -> SimEnv {
        let disk = self.disk(machine);
        // Each life of a machine draws other bits.
        let seed = self.draw(Dice::bits);
        SimEnv::new(self.clone(), machine, disk, seed)
    }

    /// The machine's disk, to break it or look at it.
    #[must_use]
    pub fn disk(&self, machine: Machine) -> SeededDisk {
        let mut disks = self.inner.disks.lock();
        let new = || SeededDisk::new(self.inner.clock.clone());
        disks.entry(machine).or_insert_with(new).clone()
    }

    /// The process dies: what it wrote is kept, its connections are closed.
    pub fn kill(&self, machine: Machine) {
        tracing::info!(?machine, now = ?self.now().0, "killed");
        self.disk(machine).kill();
        self.end_tasks(machine);
    }

    /// The power fails: what was not synced is at the seed's mercy, connections break without a word.
    pub fn crash(&self, machine: Machine) {
        tracing::info!(?machine, now = ?self.now().0, "crashed");
        self.break_connections(machine);
        let seed = self.draw(Dice::bits);
        self.disk(machine).crash(seed);
        self.end_tasks(machine);
    }

    /// Fixes when and how the machine is to die. Ready when it is dead, however that came.
    pub fn doom(
        &self,
        machine: Machine,
        moment: Moment,
        death: Death,
    ) -> impl Future<Output = ()> + Send + 'static {
        if let Moment::BeforeOperation(operations) = moment {
            let disk = self.disk(machine);
            disk.crash_before(disk.operations() + operations);
        }
        let (doom, dead) = Doom::new(moment, death);
        let before = self.inner.dooms.lock().insert(machine, doom);
        assert!(before.is_none(), "a machine dies once");
        dead
    }

    /// Lets the machine die that made a step, if its moment has come.
    fn strike(&self, machine: Machine) {
        let death = {
            let mut dooms = self.inner.dooms.lock();
            let is_down = || self.disk(machine).is_down();
            dooms.get_mut(&machine).and_then(|doom| doom.comes(is_down))
        };
        match death {
            Some(Death::Kill) => self.kill(machine),
            Some(Death::PowerCut) => self.crash(machine),
            None => {}
        }
    }

    fn end_tasks(&self, machine: Machine) {
        let tasks = self.inner.scheduler.lock().remove(Some(machine));
        // What they drop wakes others, which takes the lock again.
        drop(tasks);
        self.network(|network| network.forget_listeners(machine));
        let doom = self.inner.dooms.lock().remove(&machine);
        if let Some(doom) = doom {
            doom.announce();
        }
    }

    /// Resets every connection from or to the machine.
    pub fn break_connections(&self, machine: Machine) {
        let wakers = self.network(|network| network.break_connections(machine));
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    /// A sum of all that has happened, in its order.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.inner.trace.lock().0
    }

    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.inner.clock
    }

    /// Adds a fact to the trace, by which a run is compared with its repetition.
    pub fn note(&self, fact: u64) {
        self.inner.trace.lock().add(fact);
    }

    /// A number below `bound` for a script's own decisions.
    #[must_use]
    pub fn choose(&self, bound: u64) -> u64 {
        self.draw(|dice| dice.within(0..bound))
    }

    /// A task of the world itself, which no crash ends.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.scheduler.lock().add(None, Box::pin(task));
    }

    pub(crate) fn spawn_on(
        &self,
        machine: Machine,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.inner
            .scheduler
            .lock()
            .add(Some(machine), Box::pin(task));
    }

    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Dice) -> T) -> T {
        draw(&mut self.inner.dice.lock())
    }

    pub(crate) fn network<T>(&self, act: impl FnOnce(&mut Network) -> T) -> T {
        act(&mut self.inner.network.lock())
    }

    pub(crate) fn now(&self) -> Monotonic {
        self.inner.clock.monotonic()
    }

    /// Polls one ready task; false when there is none.
    fn step(&self) -> bool {
        let taken = {
            let mut dice = self.inner.dice.lock();
            self.inner.scheduler.lock().take(&mut dice)
        };
        let Some(Taken {
            id,
            machine,
            mut future,
        }) = taken
        else {
            return false;
        };
        self.note(id);
        self.note(u64::try_from(self.now().0.as_nanos()).unwrap_or(u64::MAX));
        let waker = TaskWaker::waker(id, &self.inner.scheduler);
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let ended = match polled {
            Poll::Ready(()) => {
                self.inner.scheduler.lock().done(id);
                Some(future)
            }
            Poll::Pending => self.inner.scheduler.lock().put_back(id, future),
        };
        // Dropped outside of the lock: what it holds may wake others.
        drop(ended);
        if let Some(machine) = machine {
            self.strike(machine);
        }
        true
    }
}
