//! InitProducerId for idempotent producers (KIP-98, KIP-360). Transactional ids need a coordinator, which does not exist yet.

use ottla_env::Env;
use ottla_model::{ErrorCode, ProducerEpoch, ProducerId};
use ottla_wire::message::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: InitProducerIdRequest<'_>,
) -> InitProducerIdResponse {
    match begin(node, context, &request).await {
        Ok(producer_id) => InitProducerIdResponse {
            producer_id,
            producer_epoch: ProducerEpoch(0),
            ..Default::default()
        },
        Err(error_code) => InitProducerIdResponse {
            error_code,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            ..Default::default()
        },
    }
}

async fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &InitProducerIdRequest<'_>,
) -> Result<ProducerId, ErrorCode> {
    if (request.producer_id == ProducerId::NONE) != (request.producer_epoch == ProducerEpoch::NONE)
    {
        return Err(ErrorCode::InvalidRequest);
    }
    if let Some(id) = request.transactional_id.as_deref() {
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        if !node.allowed(
            context.caller,
            Operation::Write,
            Resource::TransactionalId(id),
        ) {
            return Err(ErrorCode::TransactionalIdAuthorizationFailed);
        }
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    if !node.allowed(
        context.caller,
        Operation::IdempotentWrite,
        Resource::Cluster,
    ) {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    node.producer_ids.next(node).await
}
