//! ListGroups: the groups that this node coordinates.

use ottla_env::Env;
use ottla_group::{GroupFilter, Reply, Request};
use ottla_wire::Str;
use ottla_wire::message::list_groups::{ListGroupsRequest, ListGroupsResponse};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ListGroupsRequest<'_>,
) -> ListGroupsResponse<'static> {
    let owned = |names: &[Str<'_>]| names.iter().map(|name| name.trim().to_owned()).collect();
    let filter = GroupFilter {
        states: owned(&request.states_filter),
        types: owned(&request.types_filter),
    };
    let may_all = node.allowed(context.caller, Operation::Describe, Resource::Cluster);
    let mut groups = Vec::new();
    for answer in node.groups.ask_all(&Request::ListGroups(filter)).await {
        match answer {
            Ok(Reply::Listed(listed)) => groups.extend(listed.into_iter().filter(|group| {
                let resource = Resource::Group(&group.group_id);
                may_all || node.allowed(context.caller, Operation::Describe, resource)
            })),
            Ok(other) => unreachable!("the groups answer another question: {other:?}"),
            // A list that leaves out groups would say that they are not there.
            Err(error_code) => {
                return ListGroupsResponse {
                    error_code,
                    ..Default::default()
                };
            }
        }
    }
    ListGroupsResponse {
        groups,
        ..Default::default()
    }
}
