//! ConsumerGroupDescribe: the members of consumer groups, and what they have and are to have.

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::{Reply, Request};
use ottla_model::ErrorCode;
use ottla_wire::message::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedGroup,
};

use super::consumer_group_heartbeat::is_enabled;
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// As Kafka words it.
const HIDDEN_TOPICS: &str =
    "The group has described topic(s) that the client is not authorized to describe.";

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ConsumerGroupDescribeRequest<'_>,
) -> ConsumerGroupDescribeResponse<'static> {
    let mut groups = Vec::with_capacity(request.group_ids.len());
    for id in &request.group_ids {
        let mut group = describe(node, context, id).await;
        if request.include_authorized_operations && group.error_code == ErrorCode::None {
            group.authorized_operations =
                node.authorized_operations(context.caller, Resource::Group(id));
        }
        groups.push(group);
    }
    ConsumerGroupDescribeResponse {
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
    if !is_enabled(node) {
        return refused(ErrorCode::UnsupportedVersion);
    }
    if !node.allowed(context.caller, Operation::Describe, Resource::Group(id)) {
        return refused(ErrorCode::GroupAuthorizationFailed);
    }
    if id.is_empty() {
        return refused(ErrorCode::InvalidGroupId);
    }
    let request = Request::DescribeConsumerGroups(vec![Arc::from(id)]);
    let described = match node.groups.ask(id, request).await {
        Ok(Reply::DescribedConsumerGroups(groups)) => groups.into_iter().next(),
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => return refused(code),
    };
    let described = described.expect("one group was asked for");
    let is_visible = |group: &DescribedGroup<'_>| {
        let members = group.members.iter();
        members
            .flat_map(|member| [&member.assignment, &member.target_assignment])
            .flat_map(|assignment| &assignment.topic_partitions)
            .map(|topic| Resource::Topic(&topic.topic_name))
            .all(|topic| node.allowed(context.caller, Operation::Describe, topic))
    };
    if is_visible(&described) {
        return described;
    }
    DescribedGroup {
        error_message: Some(HIDDEN_TOPICS.into()),
        ..refused(ErrorCode::TopicAuthorizationFailed)
    }
}
