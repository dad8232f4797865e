//! CreatePartitions (KIP-195): more partitions, never fewer.

use ottla_controller::{NewPartitions, Refusal, Reply, Request};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_wire::message::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
};

use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::client_quotas::MutationQuota;
use crate::node::Node;
use crate::request::Context;

/// From this version on clients know THROTTLING_QUOTA_EXCEEDED.
const STRICT_FROM: i16 = 3;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: CreatePartitionsRequest<'_>,
) -> CreatePartitionsResponse<'static> {
    let (topics, duplicates) = apart(&request.topics, |topic| topic.name.to_string());
    let (allowed, denied): (Vec<_>, Vec<_>) = topics.into_iter().partition(|topic| {
        node.allowed(
            context.caller,
            Operation::Alter,
            Resource::Topic(&topic.name),
        )
    });
    let wanted: Vec<NewPartitions> = allowed
        .iter()
        .map(|topic| NewPartitions {
            name: topic.name.to_string(),
            count: topic.count,
            assignments: topic
                .assignments
                .as_ref()
                .map(|all| all.iter().map(|one| one.broker_ids.clone()).collect()),
        })
        .collect();
    let count = wanted.len();
    let quota = MutationQuota::of(node, context, STRICT_FROM);
    let asked = Request::CreatePartitions {
        topics: wanted,
        validate_only: request.validate_only,
        permits: quota.permits,
    };
    let reply = super::ask_within(node, request.timeout_ms, asked).await;
    let results = match reply {
        Ok(Reply::PartitionsCreated(results)) => results,
        other => vec![Err(super::no_such_reply(other)); count],
    };
    let created = results.iter().flatten().sum();
    let was_refused = results.iter().any(super::is_throttled);
    let throttle_time_ms = quota.used(node, context.caller, created, was_refused);
    let unauthorized = || {
        Err(Refusal {
            code: ErrorCode::TopicAuthorizationFailed,
            message: "not authorized".to_owned(),
        })
    };
    let answered = allowed
        .into_iter()
        .zip(results)
        .chain(denied.into_iter().map(|topic| (topic, unauthorized())));
    let mut results: Vec<_> = answered
        .map(|(topic, result)| {
            let name = topic.name.to_string().into();
            match result {
                Ok(_) => CreatePartitionsTopicResult {
                    name,
                    error_code: ErrorCode::None,
                    error_message: None,
                },
                Err(refusal) => CreatePartitionsTopicResult {
                    name,
                    error_code: refusal.code,
                    error_message: Some(refusal.message.into()),
                },
            }
        })
        .collect();
    results.extend(duplicates.into_iter().map(|name| {
        let message = format!("topic {name} is named more than once");
        CreatePartitionsTopicResult {
            name: name.into(),
            error_code: ErrorCode::InvalidRequest,
            error_message: Some(message.into()),
        }
    }));
    CreatePartitionsResponse {
        throttle_time_ms,
        results,
        ..Default::default()
    }
}
