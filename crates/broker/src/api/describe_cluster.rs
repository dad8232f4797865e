//! DescribeCluster (KIP-700, KIP-919, KIP-1073): the brokers, or on a controller's listener the controllers.

use ottla_env::Env;
use ottla_model::{ErrorCode, NodeId};
use ottla_wire::message::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

use super::NOT_ASKED;
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse<'static> {
    let served = if context.caller.is_controller_listener {
        CONTROLLERS
    } else {
        BROKERS
    };
    if served == CONTROLLERS
        && let Err((error_code, message)) = check_controllers(node, context)
    {
        return DescribeClusterResponse {
            error_code,
            error_message: Some(message.into()),
            cluster_authorized_operations: NOT_ASKED,
            ..Default::default()
        };
    }
    if request.endpoint_type != served {
        let known = matches!(request.endpoint_type, BROKERS | CONTROLLERS);
        let error_code = match (known, context.version) {
            // A version that knows but one type cannot have asked for the wrong one.
            (true, 0) => ErrorCode::InvalidRequest,
            (true, _) => ErrorCode::MismatchedEndpointType,
            (false, _) => ErrorCode::UnsupportedEndpointType,
        };
        let message = format!(
            "endpoint type {} was asked for, and this listener serves {served} (1 for brokers, 2 for controllers)",
            request.endpoint_type
        );
        return DescribeClusterResponse {
            error_code,
            error_message: Some(message.into()),
            cluster_authorized_operations: NOT_ASKED,
            ..Default::default()
        };
    }
    let endpoints = if served == CONTROLLERS {
        node.controller_endpoints(context.caller)
    } else {
        node.all_endpoints(context.caller, request.include_fenced_brokers)
    };
    let controller_id = if served == CONTROLLERS {
        if node.quorum.leads() {
            node.id
        } else {
            NodeId::NONE
        }
    } else {
        // Any broker passes on what is for the controller, if it is alive.
        let mut alive = endpoints.iter().filter(|endpoint| !endpoint.is_fenced);
        alive.next().map_or(NodeId::NONE, |endpoint| endpoint.id)
    };
    DescribeClusterResponse {
        endpoint_type: served,
        cluster_id: node.cluster_id.to_string().into(),
        controller_id,
        brokers: endpoints
            .into_iter()
            .map(|endpoint| DescribeClusterBroker {
                broker_id: endpoint.id,
                host: endpoint.host.into(),
                port: endpoint.port.into(),
                rack: endpoint.rack.map(Into::into),
                is_fenced: endpoint.is_fenced,
                ..Default::default()
            })
            .collect(),
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            node.authorized_operations(context.caller, Resource::Cluster)
        } else {
            NOT_ASKED
        },
        ..Default::default()
    }
}

/// Whether the caller is told of the controllers. The brokers anybody is told; where the controllers are is nothing for clients.
fn check_controllers<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
) -> Result<(), (ErrorCode, &'static str)> {
    let image = node.image();
    let version = image.features().metadata_version();
    if !version.has_controller_registration() {
        let message = "at this metadata.version the metadata does not say where controllers are";
        return Err((ErrorCode::UnsupportedVersion, message));
    }
    if !node.allowed(context.caller, Operation::Alter, Resource::Cluster) {
        let message = "not authorized to be told of the controllers";
        return Err((ErrorCode::ClusterAuthorizationFailed, message));
    }
    Ok(())
}
