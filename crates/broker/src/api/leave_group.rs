//! LeaveGroup: members of a classic group leave it, or are made to (KIP-345).

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::classic::{Answer as ClassicAnswer, Leave, LeaveAnswer};
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_security::Kind;
use ottla_wire::Message;
use ottla_wire::api::ApiKey;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::leave_group::{LeaveGroupRequest, LeaveGroupResponse};

use crate::authorize::{Operation, Resource};
use crate::dispatch::{Answer, counted, respond};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let request = LeaveGroupRequest::decode(body, context.version)?;
    let limit = node.client_quotas.limit(Kind::Request, context);
    let leaving = leave(node, context, &request);
    let (left, throttle_time_ms) = counted(node, context.caller, limit, leaving).await;
    let response = match &left {
        Ok(answer) => LeaveGroupResponse {
            throttle_time_ms,
            ..answer.response(context.version)
        },
        Err(error_code) => LeaveGroupResponse {
            throttle_time_ms,
            error_code: *error_code,
            ..Default::default()
        },
    };
    respond(ApiKey::LeaveGroup, header, &response).map(Some)
}

async fn leave<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &LeaveGroupRequest<'_>,
) -> Result<LeaveAnswer, ErrorCode> {
    let resource = Resource::Group(&request.group_id);
    if !node.allowed(context.caller, Operation::Read, resource) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    if request.group_id.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let leave = Leave::of(request, context.version);
    let asked = Request::Leave(Arc::from(&*request.group_id), leave);
    match node.groups.write(&request.group_id, asked).await? {
        Reply::Classic(ClassicAnswer::Leave(answer)) => Ok(answer),
        other => unreachable!("the groups answer another question: {other:?}"),
    }
}
