//! UnregisterBroker (KIP-500): a broker that will not come back.

use ottla_controller::{Reply, Request};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_wire::message::unregister_broker::{UnregisterBrokerRequest, UnregisterBrokerResponse};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: UnregisterBrokerRequest,
) -> UnregisterBrokerResponse<'static> {
    let refused = |error_code, message: String| UnregisterBrokerResponse {
        error_code,
        error_message: Some(message.into()),
        ..Default::default()
    };
    if !node.allowed(context.caller, Operation::Alter, Resource::Cluster) {
        let code = ErrorCode::ClusterAuthorizationFailed;
        return refused(code, "not authorized".to_owned());
    }
    let broker = request.broker_id;
    match node.quorum.ask(Request::UnregisterBroker { broker }).await {
        Ok(Reply::Done) => UnregisterBrokerResponse {
            error_message: None,
            ..Default::default()
        },
        other => {
            let refusal = super::no_such_reply(other);
            refused(refusal.code, refusal.message)
        }
    }
}
