//! DescribeGroups: the members of classic groups.

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_wire::message::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// From this version on a client is told that a group is not there (KIP-1043); before, that it is dead.
const FIRST_VERSION_THAT_KNOWS_ABSENT_GROUPS: i16 = 6;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeGroupsRequest<'_>,
) -> DescribeGroupsResponse<'static> {
    let mut groups = Vec::with_capacity(request.groups.len());
    for id in &request.groups {
        let mut group = describe(node, context, id).await;
        if request.include_authorized_operations && group.error_code == ErrorCode::None {
            group.authorized_operations =
                node.authorized_operations(context.caller, Resource::Group(id));
        }
        groups.push(group);
    }
    DescribeGroupsResponse {
        groups,
        ..Default::default()
    }
}

async fn describe<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    id: &str,
) -> DescribedGroup<'static> {
    let refused = |error_code| DescribedGroup {
        error_code,
        group_id: id.to_owned().into(),
        ..Default::default()
    };
    if !node.allowed(context.caller, Operation::Describe, Resource::Group(id)) {
        return refused(ErrorCode::GroupAuthorizationFailed);
    }
    let request = Request::DescribeGroups(vec![Arc::from(id)]);
    let described = match node.groups.ask(id, request).await {
        Ok(Reply::Described(groups)) => groups.into_iter().next(),
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => return refused(code),
    };
    let described = described.expect("one group was asked for");
    let knows_absent = context.version >= FIRST_VERSION_THAT_KNOWS_ABSENT_GROUPS;
    if described.error_code == ErrorCode::GroupIdNotFound && !knows_absent {
        return DescribedGroup {
            error_code: ErrorCode::None,
            error_message: None,
            ..described
        };
    }
    described
}
