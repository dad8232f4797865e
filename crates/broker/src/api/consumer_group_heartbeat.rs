//! ConsumerGroupHeartbeat: a member joins a consumer group, stays in it, or leaves it.

use std::sync::Arc;

use ottla_env::{Entropy, Env};
use ottla_group::{ConsumerHeartbeat, Reply, Request};
use ottla_model::ErrorCode;
use ottla_wire::IntoOwned;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::{Context, java_address};

/// The feature whose level 1 brings the protocol.
const FEATURE: &str = "group.version";

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ConsumerGroupHeartbeatRequest<'_>,
) -> ConsumerGroupHeartbeatResponse<'static> {
    if !is_enabled(node) {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let group = Resource::Group(&request.group_id);
    if !node.allowed(context.caller, Operation::Read, group) {
        return refused(ErrorCode::GroupAuthorizationFailed);
    }
    let mut topics = request.subscribed_topic_names.iter().flatten();
    if !topics
        .all(|topic| node.allowed(context.caller, Operation::Describe, Resource::Topic(topic)))
    {
        return refused(ErrorCode::TopicAuthorizationFailed);
    }
    let id = request.group_id.to_string();
    let heartbeat = ConsumerHeartbeat {
        request: request.into_owned(),
        version: context.version,
        client_id: Arc::from(context.client_id.unwrap_or_default()),
        client_host: Arc::from(java_address(context.caller.host())),
        uuid: node.env.entropy().uuid(),
    };
    let heartbeat = Request::ConsumerHeartbeat(Box::new(heartbeat));
    match node.groups.ask(&id, heartbeat).await {
        Ok(Reply::ConsumerHeartbeat(response)) => *response,
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => refused(code),
    }
}

/// Whether the cluster's features and the node's configuration let consumer groups be.
pub(super) fn is_enabled<E: Env>(node: &Node<E>) -> bool {
    node.options.consumer_groups && node.image().features().level(FEATURE) >= 1
}

fn refused(error_code: ErrorCode) -> ConsumerGroupHeartbeatResponse<'static> {
    ConsumerGroupHeartbeatResponse {
        error_code,
        ..Default::default()
    }
}
