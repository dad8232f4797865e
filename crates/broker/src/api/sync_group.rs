//! SyncGroup: a member of a classic group learns its part, once the leader has assigned all of them.

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::classic::{Answer as ClassicAnswer, Sync, SyncAnswer};
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_security::{Kind, Limit};
use ottla_wire::Message;
use ottla_wire::api::ApiKey;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::sync_group::{SyncGroupRequest, SyncGroupResponse};

use crate::authorize::{Operation, Resource};
use crate::dispatch::{Answer, Close, counted, respond};
use crate::node::Node;
use crate::request::{Caller, Context};

/// What is asked, without anything of the frame: it may wait for minutes.
pub(crate) struct Asked {
    group: Arc<str>,
    sync: Result<Sync, ErrorCode>,
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
    let request = SyncGroupRequest::decode(body, context.version)?;
    let group = Resource::Group(&request.group_id);
    let sync = match Sync::of(&request, context.version) {
        Ok(_) if !node.allowed(context.caller, Operation::Read, group) => {
            Err(ErrorCode::GroupAuthorizationFailed)
        }
        sync => sync,
    };
    Ok(Asked {
        group: Arc::from(&*request.group_id),
        sync,
        of_time: node.client_quotas.limit(Kind::Request, context),
    })
}

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    Asked {
        group,
        sync,
        of_time,
    }: Asked,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let asking = async {
        match sync {
            Err(code) => SyncAnswer::error(code),
            Ok(sync) => {
                let request = Request::Sync(Arc::clone(&group), sync);
                match node.groups.ask(&group, request).await {
                    Ok(Reply::Classic(ClassicAnswer::Sync(answer))) => answer,
                    Ok(other) => unreachable!("the groups answer another question: {other:?}"),
                    Err(code) => SyncAnswer::error(code),
                }
            }
        }
    };
    let (answer, throttle_time_ms) = counted(node, caller, of_time, asking).await;
    let response = SyncGroupResponse {
        throttle_time_ms,
        ..answer.response()
    };
    respond(ApiKey::SyncGroup, header, &response).map(Some)
}
