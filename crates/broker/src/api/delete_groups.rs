//! DeleteGroups: groups that have no members, with what they have committed.

use std::sync::Arc;

use futures::future::join_all;
use ottla_env::Env;
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_wire::message::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};
use rustc_hash::FxHashSet;

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DeleteGroupsRequest<'_>,
) -> DeleteGroupsResponse<'static> {
    let mut seen = FxHashSet::default();
    let names = request.groups_names.iter();
    let distinct = names.filter(|name| seen.insert(&***name));
    let results = distinct.map(|name| async {
        DeletableGroupResult {
            group_id: name.to_string().into(),
            error_code: delete(node, context, name).await,
        }
    });
    DeleteGroupsResponse {
        results: join_all(results).await,
        ..Default::default()
    }
}

async fn delete<E: Env>(node: &Node<E>, context: Context<'_>, id: &str) -> ErrorCode {
    if !node.allowed(context.caller, Operation::Delete, Resource::Group(id)) {
        return ErrorCode::GroupAuthorizationFailed;
    }
    let request = Request::DeleteGroups(vec![Arc::from(id)]);
    match node.groups.write(id, request).await {
        Ok(Reply::Codes(codes)) => codes.first().copied().unwrap_or_default(),
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => code,
    }
}
