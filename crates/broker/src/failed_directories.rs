//! What a directory that fails while the node runs takes with it: its own partitions, or the node.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::channel::mpsc;
use ottla_controller::{Reply, Request};
use ottla_env::Env;
use ottla_model::{BrokerEpoch, Uuid};

use crate::failure::{Failure, Failures};
use crate::log_dirs::LogDirState;
use crate::node::Node;

/// The way on which a lane says that its directory has failed.
pub(crate) struct FailedDirectory {
    directory: Uuid,
    state: Arc<LogDirState>,
    failed: mpsc::UnboundedSender<Uuid>,
}

impl FailedDirectory {
    pub(crate) fn new(
        directory: Uuid,
        state: Arc<LogDirState>,
        failed: mpsc::UnboundedSender<Uuid>,
    ) -> Self {
        Self {
            directory,
            state,
            failed,
        }
    }

    /// Once is enough; more does no harm.
    pub(crate) fn tell(&self) {
        self.state.fail();
        // Whoever passes it on ends with the node.
        let _ = self.failed.unbounded_send(self.directory);
    }
}

/// The directories that can be used yet.
pub(crate) struct UsableDirectories {
    /// The directory of the metadata log, which may be one of the others.
    pub(crate) metadata: Uuid,
    pub(crate) of_partitions: BTreeSet<Uuid>,
}

impl UsableDirectories {
    /// Takes one out. `None` where that is known already.
    fn lose(&mut self, failed: Uuid) -> Option<Loss> {
        if !self.of_partitions.remove(&failed) {
            return None;
        }
        Some(if failed == self.metadata {
            Loss::Node(Failure::MetadataDirectory)
        } else if self.of_partitions.is_empty() {
            Loss::Node(Failure::AllDirectories)
        } else {
            Loss::Partitions
        })
    }
}

/// What goes with a directory.
#[derive(Debug, PartialEq, Eq)]
enum Loss {
    Partitions,
    Node(Failure),
}

/// Tells the controller of directories that fail, until the node ends: with the directory of the metadata log, or the last one of
/// partitions, it does.
pub(crate) async fn tell_failed<E: Env>(
    node: Arc<Node<E>>,
    epoch: BrokerEpoch,
    mut usable: UsableDirectories,
    mut failed: mpsc::UnboundedReceiver<Uuid>,
    failures: Arc<Failures>,
) {
    while let Some(directory) = failed.next().await {
        match usable.lose(directory) {
            None => {}
            Some(Loss::Node(failure)) => failures.tell(failure),
            Some(Loss::Partitions) => {
                let request = Request::FailDirectories {
                    broker: node.id,
                    epoch,
                    failed: vec![directory],
                };
                match node.quorum.ask(request).await {
                    Ok(Reply::Done) => {}
                    // The next start tells it again, by the directories that it names then.
                    other => {
                        tracing::warn!(?other, "the controller was not told of a failed directory");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(101);
    const TWO: Uuid = Uuid::from_u128(102);
    const THREE: Uuid = Uuid::from_u128(103);

    fn usable(metadata: Uuid) -> UsableDirectories {
        UsableDirectories {
            metadata,
            of_partitions: BTreeSet::from([ONE, TWO]),
        }
    }

    #[test]
    fn the_last_directory_takes_the_node_with_it() {
        let mut usable = usable(THREE);
        assert_eq!(usable.lose(ONE), Some(Loss::Partitions));
        assert_eq!(usable.lose(ONE), None);
        let node = Loss::Node(Failure::AllDirectories);
        assert_eq!(usable.lose(TWO), Some(node));
    }

    #[test]
    fn so_does_that_of_the_metadata_log() {
        let node = Loss::Node(Failure::MetadataDirectory);
        assert_eq!(usable(TWO).lose(TWO), Some(node));
        assert_eq!(usable(TWO).lose(ONE), Some(Loss::Partitions));
    }
}
