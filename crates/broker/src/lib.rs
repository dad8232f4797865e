//! The node without a runtime: wiring, life cycle, and one file per API, over whatever world [`Env`](ottla_env::Env) gives.
//!
//! Decisions live below, in the pure crates; this crate carries them out.

mod alarm;
mod api;
mod authorize;
mod client_quotas;
mod cordons;
mod directories;
mod dispatch;
mod dynamic_configs;
mod endpoints;
mod failed_directories;
mod failure;
mod fetch_sessions;
mod format;
mod found_logs;
mod group_lag;
mod groups;
#[cfg(test)]
mod idle_env;
mod internal_topics;
mod lane;
mod log_dirs;
mod loggers;
mod moves;
mod net;
mod node;
mod partition;
mod partitions;
mod producer_ids;
mod publish;
mod published;
mod quorum;
mod request;
mod start;
mod telemetry;
mod topic_rules;

pub use failure::Failure;
pub use format::{DirectoryKind, FirstQuorum, Format, FormatError, Formatted, format};
pub use group_lag::GroupLag;
pub use loggers::{LogLevel, Loggers, NoLoggers, ROOT_LOGGER};
pub use net::ListenError;
pub use quorum::MetadataLogError;
pub use start::{Broker, StartError};

/// The files of a world.
pub(crate) type FileOf<E> = <<E as ottla_env::Env>::Disk as ottla_env::Disk>::File;
