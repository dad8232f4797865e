//! The primitive types of the protocol, read from a frame and written to a buffer.
//!
//! Reading is bounded by the frame: every length is compared with the bytes that are left before anything is taken or allocated.

mod error;
mod reader;
mod version;
mod writer;

pub use error::DecodeError;
pub use reader::Reader;
pub use version::Version;
pub use writer::{Encoded, Hole, LENGTH_ROOM, Writer};
