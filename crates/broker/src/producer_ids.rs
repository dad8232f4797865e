//! Producer ids for idempotent producers, out of blocks that the controller gives (KIP-730).

use std::ops::Range;

use futures::lock::Mutex;
use ottla_env::Env;
use ottla_model::{ErrorCode, ProducerId};

use crate::node::Node;

/// The rest of the current block. Ids of a block that is lost with the process are never used: there are enough.
#[derive(Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// An id that nobody else has had.
    ///
    /// # Errors
    /// The controller's, when a block is needed and it has none to give.
    pub(crate) async fn next<E: Env>(&self, node: &Node<E>) -> Result<ProducerId, ErrorCode> {
        let mut block = self.block.lock().await;
        if block.is_empty() {
            *block = node.allocate_producer_ids().await?;
        }
        let id = block.next().ok_or(ErrorCode::UnknownServerError)?;
        Ok(ProducerId(id))
    }
}
