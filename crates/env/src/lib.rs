//! Everything the node asks of the world: time, disk, network, randomness, tasks.
//!
//! `runtime` answers for real, `sim` from a seed; the production broker and log run on either without
//! knowing which. Only what causes effects names this crate: ARCHITECTURE.md's table says who.

mod clock;
mod disk;
mod entropy;
#[cfg(feature = "fake")]
pub mod fake;
mod net;
mod spawn;

pub use clock::Clock;
pub use disk::{DirectoryEntry, Disk, DiskEntry, DiskFile, DiskSpace, OpenMode};
pub use entropy::Entropy;
pub use net::{
    Connection, ConnectionReader, ConnectionWriter, FilePiece, Listener, Net, Piece, SocketOptions,
};
pub use spawn::Spawn;

/// One world. Cheap to clone; clones share it.
pub trait Env: Clone + Send + Sync + 'static {
    type Clock: Clock;
    type Disk: Disk;
    type Net: Net<File = <Self::Disk as Disk>::File>;
    type Entropy: Entropy;
    type Spawn: Spawn;

    fn clock(&self) -> &Self::Clock;
    fn disk(&self) -> &Self::Disk;
    fn net(&self) -> &Self::Net;
    fn entropy(&self) -> &Self::Entropy;
    fn spawn(&self) -> &Self::Spawn;
}
