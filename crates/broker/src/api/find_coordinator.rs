//! FindCoordinator. No coordinator runs on this node yet: every key is answered with the code that makes a client ask again.

use ottla_env::Env;
use ottla_model::{ErrorCode, NodeId};
use ottla_wire::message::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::node::Node;
use crate::request::Context;

const NO_PORT: i32 = -1;

pub(crate) async fn handle<E: Env>(
    _node: &Node<E>,
    _context: Context<'_>,
    request: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    let error_code = ErrorCode::CoordinatorNotAvailable;
    let coordinators = request
        .coordinator_keys
        .iter()
        .map(|key| Coordinator {
            key: key.clone().into_owned().into(),
            node_id: NodeId::NONE,
            port: NO_PORT,
            error_code,
            error_message: None,
            ..Default::default()
        })
        .collect();
    FindCoordinatorResponse {
        error_code,
        node_id: NodeId::NONE,
        port: NO_PORT,
        coordinators,
        ..Default::default()
    }
}
