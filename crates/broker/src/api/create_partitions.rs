//! CreatePartitions (KIP-195): more partitions, never fewer.

use ottla_controller::{NewPartitions, Refusal, Reply, Request};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_wire::message::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
};

use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

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
    let reply = node
        .quorum
        .ask(Request::CreatePartitions {
            topics: wanted,
            validate_only: request.validate_only,
        })
        .await;
    let results = match reply {
        Ok(Reply::Items(results)) => results,
        other => vec![Err(super::no_such_reply(other)); count],
    };
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
                Ok(()) => CreatePartitionsTopicResult {
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
        results,
        ..Default::default()
    }
}
