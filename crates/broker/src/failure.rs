//! What a running node cannot go on from.

use std::sync::OnceLock;

use event_listener::Event;
use thiserror::Error;

/// Why a running node has to stop.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    #[error("the metadata log cannot be written: {0}. See to its disk, and start the node again")]
    MetadataLog(String),
    #[error(
        "the log directory that has the metadata log has failed. See to its disk, and start the node again"
    )]
    MetadataDirectory,
    #[error("every log directory has failed. See to their disks, and start the node again")]
    AllDirectories,
}

/// Where it is told, to whoever runs the node.
#[derive(Default)]
pub(crate) struct Failures {
    first: OnceLock<Failure>,
    told: Event,
}

impl Failures {
    /// One is enough: what comes after the first changes nothing.
    pub(crate) fn tell(&self, failure: Failure) {
        if self.first.set(failure).is_ok() {
            self.told.notify(usize::MAX);
        }
    }

    /// Waits until there is one.
    pub(crate) async fn wait(&self) -> Failure {
        loop {
            let told = self.told.listen();
            if let Some(failure) = self.first.get() {
                return failure.clone();
            }
            told.await;
        }
    }
}
