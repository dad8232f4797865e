//! FindCoordinator: who coordinates a group. The topic of groups is created with the first one that is looked for. No coordinator of
//! transactions or shares runs on this node yet: their keys are answered with the code that makes a client ask again.

use ottla_env::Env;
use ottla_model::{ErrorCode, NodeId};
use ottla_wire::message::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::authorize::{Operation, Resource};
use crate::endpoints::Endpoint;
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
        let found = find(node, context, kind, &request.key).await;
        let error_message = found.as_ref().err().map_or("NONE", |code| text(*code));
        let Coordinator {
            error_code,
            node_id,
            host,
            port,
            ..
        } = coordinator(&request.key, found);
        return FindCoordinatorResponse {
            error_code,
            error_message: Some(error_message.into()),
            node_id,
            host,
            port,
            ..Default::default()
        };
    }
    // Kafka has no words for one key of several, unless it is the request that makes no sense.
    let error_message = match kind {
        GROUP | TRANSACTION | SHARE => "",
        _ => text(ErrorCode::InvalidRequest),
    };
    let mut coordinators = Vec::with_capacity(request.coordinator_keys.len());
    for key in &request.coordinator_keys {
        let found = find(node, context, kind, key).await;
        coordinators.push(Coordinator {
            error_message: Some(error_message.into()),
            ..coordinator(key, found)
        });
    }
    FindCoordinatorResponse {
        coordinators,
        ..Default::default()
    }
}

async fn find<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    kind: i8,
    key: &str,
) -> Result<Endpoint, ErrorCode> {
    let allowed = |operation, resource| node.allowed(context.caller, operation, resource);
    match kind {
        GROUP if !allowed(Operation::Describe, Resource::Group(key)) => {
            Err(ErrorCode::GroupAuthorizationFailed)
        }
        TRANSACTION if !allowed(Operation::Describe, Resource::TransactionalId(key)) => {
            Err(ErrorCode::TransactionalIdAuthorizationFailed)
        }
        SHARE if context.version < FIRST_VERSION_WITH_SHARES => Err(ErrorCode::InvalidRequest),
        SHARE if !allowed(Operation::ClusterAction, Resource::Cluster) => {
            Err(ErrorCode::ClusterAuthorizationFailed)
        }
        GROUP => find_group(node, context, key).await,
        TRANSACTION | SHARE => Err(ErrorCode::CoordinatorNotAvailable),
        _ => Err(ErrorCode::InvalidRequest),
    }
}

/// The leader of the partition that the group is in, where the client can reach it.
async fn find_group<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    group: &str,
) -> Result<Endpoint, ErrorCode> {
    node.create_offsets_topic(group).await;
    let partition = node.groups.partition_of(group);
    let partition = partition.ok_or(ErrorCode::CoordinatorNotAvailable)?;
    let (leader, _) = node.leader_of(partition.topic, partition.index);
    let mut reachable = node.endpoints(context.caller).into_iter();
    reachable
        .find(|endpoint| endpoint.id == leader)
        .ok_or(ErrorCode::CoordinatorNotAvailable)
}

fn coordinator(key: &str, found: Result<Endpoint, ErrorCode>) -> Coordinator<'static> {
    let key = key.to_owned().into();
    match found {
        Ok(endpoint) => Coordinator {
            key,
            node_id: endpoint.id,
            host: endpoint.host.into(),
            port: endpoint.port.into(),
            ..Default::default()
        },
        Err(error_code) => Coordinator {
            key,
            node_id: NodeId::NONE,
            port: NO_PORT,
            error_code,
            ..Default::default()
        },
    }
}

fn text(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::CoordinatorNotAvailable => "no coordinator is available for the key",
        ErrorCode::InvalidRequest => "keys of this type have no coordinator in this version",
        _ => "not authorized to find the coordinator of the key",
    }
}
