//! The words every crate speaks: ids, offsets, epochs, times, error codes.
//!
//! A type per unit, all small and `Copy`. Nothing here allocates, decides or knows a byte layout;
//! what has more to it than a number belongs elsewhere.

mod epoch;
mod error_code;
mod id;
mod offset;
mod time;
mod uuid;

pub use epoch::{BrokerEpoch, LeaderEpoch, PartitionEpoch, ProducerEpoch};
pub use error_code::ErrorCode;
pub use id::{NodeId, PartitionIndex, ProducerId, Sequence, TopicId};
pub use offset::Offset;
pub use time::{Monotonic, Timestamp};
pub use uuid::{ParseUuidError, Uuid};
