//! What producers the logs remember.

use futures::channel::oneshot;
use ottla_env::Env;
use ottla_log::ActiveProducer;
use ottla_model::ErrorCode;

use super::{Slot, Worker};
use crate::partition::PartitionKey;

impl<E: Env> Worker<E> {
    pub(super) fn describe_producers(
        &self,
        key: PartitionKey,
        reply: oneshot::Sender<Result<Vec<ActiveProducer>, ErrorCode>>,
    ) {
        let described = match self.partitions.get(&key) {
            Some(Slot::Open(open)) => Ok(open.log.active_producers()),
            Some(Slot::Offline(_)) => Err(ErrorCode::KafkaStorageError),
            Some(Slot::Opening { .. }) | None => Err(ErrorCode::NotLeaderOrFollower),
        };
        // Whoever asked may have left.
        let _ = reply.send(described);
    }
}
