//! What the cluster knows of itself: the image that the metadata log's records make, the feature levels that say how they are
//! written.
//!
//! Pure data. An [`Image`] is cheap to clone, and a change costs its own size, not the cluster's. Nothing here decides what the
//! records should be; that is the controller's.

mod client_quotas;
mod cluster;
mod configs;
pub mod features;
mod image;
mod kept;
mod scram;
mod topics;
mod transaction;

pub use client_quotas::{ClientQuotas, QuotaEntity};
pub use cluster::{Broker, Cluster, Controller, Endpoint};
pub use configs::{Configs, Resource};
pub use image::{ApplyError, FeatureLevels, Image};
pub use scram::ScramCredentials;
pub use topics::{PartitionImage, TopicImage, Topics};
pub use transaction::TransactionBuffer;
