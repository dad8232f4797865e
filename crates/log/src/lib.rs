//! One partition's log on a disk, and the directories that hold many.
//!
//! All files are Apache Kafka's, byte for byte. Everything is synchronous and goes through [`Disk`](ottla_env::Disk). A [`Log`] has one
//! owner, who appends, rolls, removes; anyone may read through its [`LogReader`], which sees each change at once and whole.

mod checkpoint;
pub mod dir;
mod files;
mod handle;
mod indexes;
mod leader_epochs;
mod log;
mod offset_index;
mod options;
mod producer_snapshot;
mod producer_state;
mod reader;
mod recent_batches;
mod recovery;
mod segment;
mod time_index;
mod transaction_marker;
pub mod validate;

pub use checkpoint::{CheckpointEntry, ParseCheckpointError};
pub use log::{AppendError, Appended, Log, LogPoint, Producers, SyncJob};
pub use options::LogOptions;
pub use producer_state::{ActiveProducer, ProducerError};
pub use reader::{FoundOffset, LogReader, LogSlice, ReadError};
pub use recovery::OpenError;
