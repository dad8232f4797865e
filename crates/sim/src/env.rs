use std::future::Future;
use std::time::Duration;

use futures::channel::oneshot;
use ottla_env::fake::{ManualClock, SeededDisk, SeededEntropy};
use ottla_env::{Clock, Env, Spawn};

use crate::Machine;
use crate::net::SimNet;
use crate::world::World;

/// The longest that work which blocks takes. The disk's own time, as the scheduler sees it.
const SLOWEST_DISK: Duration = Duration::from_millis(20);

/// What one process on one machine sees of the [`World`].
#[derive(Clone)]
pub struct SimEnv {
    world: World,
    disk: SeededDisk,
    net: SimNet,
    entropy: SeededEntropy,
    spawn: SimSpawn,
}

impl SimEnv {
    pub(crate) fn new(world: World, machine: Machine, disk: SeededDisk, seed: u64) -> Self {
        Self {
            disk,
            net: SimNet::new(world.clone(), machine),
            entropy: SeededEntropy::new(seed),
            spawn: SimSpawn {
                world: world.clone(),
                machine,
            },
            world,
        }
    }
}

impl Env for SimEnv {
    type Clock = ManualClock;
    type Disk = SeededDisk;
    type Net = SimNet;
    type Entropy = SeededEntropy;
    type Spawn = SimSpawn;

    fn clock(&self) -> &ManualClock {
        self.world.clock()
    }

    fn disk(&self) -> &SeededDisk {
        &self.disk
    }

    fn net(&self) -> &SimNet {
        &self.net
    }

    fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    fn spawn(&self) -> &SimSpawn {
        &self.spawn
    }
}

/// Tasks and lanes alike are interleaved by the seed; they end with their machine.
#[derive(Clone)]
pub struct SimSpawn {
    world: World,
    machine: Machine,
}

impl Spawn for SimSpawn {
    fn task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.world.spawn_on(self.machine, task);
    }

    fn lane(&self, lane: impl Future<Output = ()> + Send + 'static) {
        self.world.spawn_on(self.machine, lane);
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        let (sender, receiver) = oneshot::channel();
        let clock = self.world.clock().clone();
        let duration = self.world.draw(|dice| dice.delay(SLOWEST_DISK));
        // Its effects happen at once or when it has lasted, as on a disk that nobody watches.
        let effects_first = self.world.draw(|dice| dice.within(0..2) == 0);
        self.world.spawn_on(self.machine, async move {
            let done = if effects_first {
                let done = work();
                clock.sleep(duration).await;
                done
            } else {
                clock.sleep(duration).await;
                work()
            };
            // Whoever asked may have given up.
            drop(sender.send(done));
        });
        async move {
            match receiver.await {
                Ok(done) => done,
                // The machine died; so does whoever waits, in a moment.
                Err(oneshot::Canceled) => std::future::pending().await,
            }
        }
    }
}
