//! Every configuration key in one table, and what a file, a default or a topic makes of it.
//!
//! Names and meanings are Apache Kafka's, so that an existing `server.properties` works. Parsing, checking and describing come out of the
//! same table; nothing else knows a default.

mod adjustable;
pub mod client_metrics;
mod connections;
mod consistency;
mod cordons;
pub mod describe;
pub mod dynamic;
mod group;
mod key;
mod listener;
mod listeners;
pub mod properties;
mod server;
mod settings;
pub mod table;
mod topic;
mod value;

pub use adjustable::Adjustable;
pub use connections::ConnectionBounds;
pub use group::GroupOverrides;
pub use key::{Key, Kind, Update};
pub use listener::{Address, Listener, SecurityProtocol};
pub use server::{
    ConfigError, ConsumerGroupConfig, GroupConfig, OffsetsTopicConfig, QuotaWindows, ServerConfig,
    Warning,
};
pub use settings::Settings;
pub use topic::{MessageTimestampType, TopicConfig};
pub use value::{InvalidValue, Value};
