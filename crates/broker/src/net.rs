//! From sockets to requests and back: listeners, connections, and the bounds that keep them from hurting the node.

mod answer_writer;
mod bound;
mod budget;
mod complaints;
mod connection;
mod connection_rates;
mod frame_reader;
mod hosts;
mod limits;
mod listener;
mod muting;
mod open_listeners;
mod patience;
mod produces;
mod role_limits;
mod seat;
mod spare_buffers;

pub use bound::ListenError;
pub(crate) use bound::{Bound, BoundListener, OfFile};
pub(crate) use budget::MemoryBudget;
pub(crate) use complaints::Complaints;
pub(crate) use hosts::{follow_hosts, learn_hosts};
pub(crate) use limits::ConnectionLimits;
pub(crate) use open_listeners::{OpenListeners, WantedListeners};
