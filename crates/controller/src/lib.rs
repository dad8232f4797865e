//! The controller as a function: a request and the state of the cluster give records and a reply.
//!
//! Nothing changes here but by [`Controller::replay`]: whoever drives it appends the records, replays them at the offsets they got, and
//! gives the reply out when they are committed.

mod brokers;
mod client_quotas;
mod config_change;
mod configs;
mod controller;
mod directories;
mod elections;
mod feature_update;
mod operation;
mod partition_change;
mod partitions;
mod reassignments;
mod scram;
pub mod topic_name;
mod topics;

pub use brokers::{Listener, Registration};
pub use client_quotas::QuotaAlteration;
pub use config_change::{Alteration, ConfigChange};
pub use controller::{Controller, Options, Outcome, Refusal, Reply, Request};
pub use directories::AssignedDirectory;
pub use elections::{Election, PartitionResults};
pub use feature_update::{FeatureUpdate, UpgradeType};
pub use operation::Permits;
pub use reassignments::Reassignment;
pub use scram::ScramAlteration;
pub use topics::{CreatedTopic, NewPartitions, NewTopic, TopicName};
