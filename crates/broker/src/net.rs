//! From sockets to requests and back: listeners, connections, and the bounds that keep them from hurting the node.

mod answer_writer;
mod budget;
mod complaints;
mod connection;
mod connection_rates;
mod frame_reader;
mod hosts;
mod limits;
mod listener;
mod muting;
mod produces;
mod seat;
mod spare_buffers;

pub(crate) use budget::MemoryBudget;
pub(crate) use complaints::Complaints;
pub(crate) use hosts::{follow_hosts, learn_hosts};
pub(crate) use limits::ConnectionLimits;
pub(crate) use listener::{BoundListener, accept};
