//! The protocol's bytes: frames, messages, the records of the logs that the system itself keeps, record batches.
//!
//! Every message is declared once, as a struct whose attributes are its table; `ottla-wire-derive` makes the codec of it.
//! What is decoded borrows from its frame and must not outlive the request.
//!
//! Nothing here decides, waits, or knows what a message means.

extern crate self as ottla_wire;

pub mod api;
pub mod codec;
pub mod consumer_protocol;
pub mod control_record;
pub mod coordinator_record;
pub mod frame;
mod framed_record;
pub mod message;
mod message_trait;
pub mod metadata_record;
pub mod principal;
pub mod producer_snapshot;
pub mod quorum_state;
pub mod records;
pub mod remote_log_record;
pub mod schema;
mod value;
pub mod version_prefix;

use std::borrow::Cow;

pub use codec::{DecodeError, Encoded, Hole, Reader, Writer};
pub use message_trait::Message;
pub use ottla_wire_derive::{IntoOwned, Message, Struct};
pub use value::{IntoOwned, Nullable, Records, Value};

/// Text that borrows from the frame.
pub type Str<'a> = Cow<'a, str>;
/// Bytes that borrow from the frame.
pub type Octets<'a> = Cow<'a, [u8]>;
