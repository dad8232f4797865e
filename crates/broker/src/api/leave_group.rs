//! LeaveGroup: members of a classic group leave it, or are made to (KIP-345).

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::classic::{Answer as ClassicAnswer, Leave};
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_wire::Message;
use ottla_wire::api::ApiKey;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::leave_group::{LeaveGroupRequest, LeaveGroupResponse};

use crate::authorize::{Operation, Resource};
use crate::dispatch::{Answer, respond};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let request = LeaveGroupRequest::decode(body, context.version)?;
    let refused = |error_code| {
        let response = LeaveGroupResponse {
            error_code,
            ..Default::default()
        };
        respond(ApiKey::LeaveGroup, header, &response).map(Some)
    };
    let resource = Resource::Group(&request.group_id);
    if !node.allowed(context.caller, Operation::Read, resource) {
        return refused(ErrorCode::GroupAuthorizationFailed);
    }
    if request.group_id.is_empty() {
        return refused(ErrorCode::InvalidGroupId);
    }
    let leave = Leave::of(&request, context.version);
    let group = Arc::from(&*request.group_id);
    let asked = Request::Leave(group, leave);
    match node.groups.write(&request.group_id, asked).await {
        Ok(Reply::Classic(ClassicAnswer::Leave(answer))) => {
            let response = answer.response(context.version);
            respond(ApiKey::LeaveGroup, header, &response).map(Some)
        }
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => refused(code),
    }
}
