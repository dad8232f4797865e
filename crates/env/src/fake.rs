//! The seeded world for tests and the simulation: the same seed gives the same run.

mod clock;
mod disk;
mod entropy;
mod files;

pub use clock::ManualClock;
pub use disk::{SeededDisk, SeededFile, SeededLock};
pub use entropy::SeededEntropy;
