//! The real world: tokio, sockets, threads, files.
//!
//! Everything here is one answer to a trait of [`ottla_env`]; nothing here decides anything about Kafka. What one
//! platform has and others lack stands in a file of its own, next to its portable twin.

mod clock;
mod disk;
mod entropy;
mod net;
mod spawn;

pub use clock::RealClock;
pub use disk::{RealDisk, RealFile, RealLock};
pub use entropy::RealEntropy;
pub use net::{RealConnection, RealListener, RealNet, RealReader, RealWriter};
pub use spawn::RealSpawn;

use ottla_env::Env;
use tokio::runtime::Handle;

/// The world the node runs in.
#[derive(Clone, Debug)]
pub struct Runtime {
    clock: RealClock,
    disk: RealDisk,
    net: RealNet,
    entropy: RealEntropy,
    spawn: RealSpawn,
}

impl Runtime {
    /// Runs its tasks and lanes on `handle`, which must have tokio's I/O and time drivers, and a worker for each lane beside those for tasks.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self {
            clock: RealClock::new(),
            disk: RealDisk,
            net: RealNet::new(handle.clone()),
            entropy: RealEntropy,
            spawn: RealSpawn::new(handle),
        }
    }
}

impl Env for Runtime {
    type Clock = RealClock;
    type Disk = RealDisk;
    type Net = RealNet;
    type Entropy = RealEntropy;
    type Spawn = RealSpawn;

    fn clock(&self) -> &RealClock {
        &self.clock
    }

    fn disk(&self) -> &RealDisk {
        &self.disk
    }

    fn net(&self) -> &RealNet {
        &self.net
    }

    fn entropy(&self) -> &RealEntropy {
        &self.entropy
    }

    fn spawn(&self) -> &RealSpawn {
        &self.spawn
    }
}
