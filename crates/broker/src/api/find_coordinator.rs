//! FindCoordinator. No coordinator runs on this node yet: every key is answered with the code that makes a client ask again.

use ottla_env::Env;
use ottla_model::{ErrorCode, NodeId};
use ottla_wire::message::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

const NO_PORT: i32 = -1;
/// What a key names.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;
const FIRST_VERSION_WITH_SHARES: i16 = 6;
/// Up to this version a request asks for one key, and the response has one answer.
const LAST_VERSION_WITH_ONE_KEY: i16 = 3;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    let kind = request.key_type;
    if context.version <= LAST_VERSION_WITH_ONE_KEY {
        let error_code = find(node, context, kind, &request.key);
        return FindCoordinatorResponse {
            error_code,
            error_message: Some(text(error_code).into()),
            node_id: NodeId::NONE,
            port: NO_PORT,
            ..Default::default()
        };
    }
    // Kafka has no words for one key of several, unless it is the request that makes no sense.
    let error_message = match kind {
        GROUP | TRANSACTION | SHARE => "",
        _ => text(ErrorCode::InvalidRequest),
    };
    let answer = |key: &str| Coordinator {
        key: key.to_owned().into(),
        node_id: NodeId::NONE,
        port: NO_PORT,
        error_code: find(node, context, kind, key),
        error_message: Some(error_message.into()),
        ..Default::default()
    };
    let keys = &request.coordinator_keys;
    FindCoordinatorResponse {
        coordinators: keys.iter().map(|key| answer(key)).collect(),
        ..Default::default()
    }
}

fn find<E: Env>(node: &Node<E>, context: Context<'_>, kind: i8, key: &str) -> ErrorCode {
    let allowed = |operation, resource| node.allowed(context.caller, operation, resource);
    match kind {
        GROUP if !allowed(Operation::Describe, Resource::Group(key)) => {
            ErrorCode::GroupAuthorizationFailed
        }
        TRANSACTION if !allowed(Operation::Describe, Resource::TransactionalId(key)) => {
            ErrorCode::TransactionalIdAuthorizationFailed
        }
        SHARE if context.version < FIRST_VERSION_WITH_SHARES => ErrorCode::InvalidRequest,
        SHARE if !allowed(Operation::ClusterAction, Resource::Cluster) => {
            ErrorCode::ClusterAuthorizationFailed
        }
        GROUP | TRANSACTION | SHARE => ErrorCode::CoordinatorNotAvailable,
        _ => ErrorCode::InvalidRequest,
    }
}

fn text(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::CoordinatorNotAvailable => "no coordinator is available for the key",
        ErrorCode::InvalidRequest => "keys of this type have no coordinator in this version",
        _ => "not authorized to find the coordinator of the key",
    }
}
