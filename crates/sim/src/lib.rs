//! The seeded world: whole nodes in one thread, with virtual time, where a seed decides everything that chance decides outside.
//!
//! ```text
//! seed ──▶ World ──▶ which ready task runs next     (scheduler)
//!                    how long bytes take, how they are cut   (net)
//!                    what a crash leaves on the disk     (env's SeededDisk)
//! ```
//!
//! A run is a function of its seed: the same seed gives the same trace, which [`World::trace`] sums up.

mod dice;
mod doom;
mod env;
mod net;
pub mod scenario;
mod scheduler;
mod world;

pub use doom::{Death, Moment};
pub use env::{SimEnv, SimSpawn};
pub use net::{SimConnection, SimListener, SimNet, SimReader, SimWriter};
pub use world::{Simulation, Stuck, World};

/// The number of a simulated machine, from 1. Its address is `10.0.0.<number>`, its name `node-<number>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine(pub u8);
