//! The groups of consumers, as state machines on the partitions of `__consumer_offsets`.

pub mod classic;
pub mod consumer;
