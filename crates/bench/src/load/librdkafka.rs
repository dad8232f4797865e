//! Loads with the client that most programs use, in C: what a broker costs and how fast it answers as users see it.
//!
//! Its batches are put together while it runs, so it takes more of the machine than the lean loads do. It knows neither how
//! many requests it makes of the records nor what they take on the wire: requests are not counted, and bytes are those of
//! the records' values before compression.

pub(super) mod deliveries;
pub(super) mod fetch;
pub(super) mod produce;

use rdkafka::error::KafkaError;

use super::{LoadError, Target};

impl LoadError {
    /// For `map_err`.
    fn librdkafka(what: &'static str) -> impl FnOnce(KafkaError) -> Self {
        move |source| Self::Unfit(format!("{what}: {source}"))
    }
}

/// What every client is told.
fn config(target: &Target) -> rdkafka::ClientConfig {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", &target.bootstrap);
    config.set("client.id", "ottla-bench");
    config
}
