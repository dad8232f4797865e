//! What clients push of their own metrics (KIP-714): who is asked for what, who comes too early, and what a push holds.
//!
//! Pure. What becomes of the metrics is the broker's.

mod attributes;
mod instances;
pub mod otlp;
mod protobuf;
mod push;
mod subscriptions;

pub use attributes::{Attribute, Attributes};
pub use instances::Instances;
pub use otlp::{Counts, Point, Reading};
pub use protobuf::Malformed;
pub use push::{Push, unpack};
pub use subscriptions::{Asked, Client};
