//! JoinGroup: a member joins the next generation of a classic group, and waits until it begins.

use std::sync::Arc;

use ottla_env::{Entropy, Env};
use ottla_group::classic::{Answer as ClassicAnswer, Join, JoinAnswer};
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_security::{Kind, Limit};
use ottla_wire::Message;
use ottla_wire::api::ApiKey;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::join_group::{JoinGroupRequest, JoinGroupResponse};

use crate::authorize::{Operation, Resource};
use crate::dispatch::{Answer, Close, counted, respond};
use crate::node::Node;
use crate::request::{Caller, Context, java_address};

/// What is asked, without anything of the frame: it may wait for minutes.
pub(crate) struct Asked {
    group: Arc<str>,
    join: Result<Join, ErrorCode>,
    /// What its time counts against.
    of_time: Option<Limit>,
}

/// # Errors
/// For bytes that are no request.
pub(crate) fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
) -> Result<Asked, Close> {
    let request = JoinGroupRequest::decode(body, context.version)?;
    let group = Resource::Group(&request.group_id);
    let join = if node.allowed(context.caller, Operation::Read, group) {
        Ok(Join::of(
            &request,
            context.version,
            context.client_id.unwrap_or_default(),
            &java_address(context.caller.host()),
            node.env.entropy().uuid(),
        ))
    } else {
        Err(ErrorCode::GroupAuthorizationFailed)
    };
    Ok(Asked {
        group: Arc::from(&*request.group_id),
        join,
        of_time: node.client_quotas.limit(Kind::Request, context),
    })
}

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    Asked {
        group,
        join,
        of_time,
    }: Asked,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let asking = async {
        match join {
            Err(code) => JoinAnswer::without_protocol(&Arc::default(), code),
            Ok(join) => {
                let request = Request::Join(Arc::clone(&group), Box::new(join));
                match node.groups.ask(&group, request).await {
                    Ok(Reply::Classic(ClassicAnswer::Join(answer))) => answer,
                    Ok(other) => unreachable!("the groups answer another question: {other:?}"),
                    Err(code) => JoinAnswer::error(&Arc::default(), code),
                }
            }
        }
    };
    let (answer, throttle_time_ms) = counted(node, caller, of_time, asking).await;
    let response = JoinGroupResponse {
        throttle_time_ms,
        ..answer.response(header.api_version)
    };
    respond(ApiKey::JoinGroup, header, &response).map(Some)
}
