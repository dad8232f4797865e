//! The commands, with the flags of Apache Kafka's tools.

pub mod configuration;
pub mod storage;
