//! Heartbeat: a member of a classic group is alive, and learns whether it is to join anew.

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::classic::Heartbeat;
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_wire::message::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: HeartbeatRequest<'_>,
) -> HeartbeatResponse {
    let group = Resource::Group(&request.group_id);
    let error_code = if node.allowed(context.caller, Operation::Read, group) {
        beat(node, &request).await
    } else {
        ErrorCode::GroupAuthorizationFailed
    };
    HeartbeatResponse {
        error_code,
        ..Default::default()
    }
}

async fn beat<E: Env>(node: &Node<E>, request: &HeartbeatRequest<'_>) -> ErrorCode {
    let heartbeat = Request::Heartbeat(Arc::from(&*request.group_id), Heartbeat::of(request));
    match node.groups.ask(&request.group_id, heartbeat).await {
        Ok(Reply::Codes(codes)) => codes.first().copied().unwrap_or_default(),
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        // Sessions begin anew when the group is loaded.
        Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
        Err(code) => code,
    }
}
