//! CreateTopics (KIP-4, KIP-464, KIP-525).

use ottla_config::Settings;
use ottla_config::describe;
use ottla_controller::{NewTopic, Refusal, Reply, Request};
use ottla_env::{Entropy, Env};
use ottla_model::{ErrorCode, TopicId};
use ottla_wire::message::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest,
    CreateTopicsResponse,
};

use super::duplicates::apart;
use crate::authorize::{Operation, Resource};
use crate::client_quotas::MutationQuota;
use crate::dynamic_configs::DynamicConfigs;
use crate::node::Node;
use crate::request::Context;

/// From this version on clients know THROTTLING_QUOTA_EXCEEDED.
const STRICT_FROM: i16 = 6;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: CreateTopicsRequest<'_>,
) -> CreateTopicsResponse<'static> {
    let may_all = node.allowed(context.caller, Operation::Create, Resource::Cluster);
    let (topics, duplicates) = apart(&request.topics, |topic| topic.name.to_string());
    let (allowed, denied): (Vec<_>, Vec<_>) = topics.into_iter().partition(|topic| {
        may_all
            || node.allowed(
                context.caller,
                Operation::Create,
                Resource::Topic(&topic.name),
            )
    });
    let wanted: Vec<NewTopic> = allowed
        .iter()
        .map(|topic| NewTopic {
            name: topic.name.to_string(),
            id: TopicId(node.env.entropy().uuid()),
            partitions: topic.num_partitions,
            replication_factor: topic.replication_factor,
            assignments: topic
                .assignments
                .iter()
                .map(|a| (a.partition_index, a.broker_ids.clone()))
                .collect(),
            configs: topic
                .configs
                .iter()
                .map(|config| {
                    (
                        config.name.to_string(),
                        config.value.as_deref().map(str::to_owned),
                    )
                })
                .collect(),
        })
        .collect();
    let count = wanted.len();
    let quota = MutationQuota::of(node, context, STRICT_FROM);
    let asked = Request::CreateTopics {
        topics: wanted,
        validate_only: request.validate_only,
        permits: quota.permits,
    };
    let reply = super::ask_within(node, request.timeout_ms, asked).await;
    let results = match reply {
        Ok(Reply::TopicsCreated(results)) => results,
        other => vec![Err(super::no_such_reply(other)); count],
    };
    let created = results.iter().flatten().map(|it| it.partitions as usize);
    let was_refused = results.iter().any(super::is_throttled);
    let throttle_time_ms = quota.used(node, context.caller, created.sum(), was_refused);
    let mut topics: Vec<CreatableTopicResult<'static>> = Vec::with_capacity(request.topics.len());
    for (topic, result) in allowed.into_iter().zip(results) {
        let name = topic.name.to_string().into();
        topics.push(match result {
            Ok(created) => CreatableTopicResult {
                name,
                topic_id: if request.validate_only {
                    TopicId::NONE
                } else {
                    created.id
                },
                error_message: None,
                num_partitions: created.partitions,
                replication_factor: created.replication_factor,
                configs: Some(configs_of(node, topic)),
                ..Default::default()
            },
            Err(refusal) => refused(name, refusal),
        });
    }
    for name in duplicates {
        let refusal = Refusal {
            code: ErrorCode::InvalidRequest,
            message: format!("topic {name} is named more than once"),
        };
        topics.push(refused(name.into(), refusal));
    }
    for topic in denied {
        let refusal = Refusal {
            code: ErrorCode::TopicAuthorizationFailed,
            message: "not authorized".to_owned(),
        };
        topics.push(refused(topic.name.to_string().into(), refusal));
    }
    CreateTopicsResponse {
        throttle_time_ms,
        topics,
        ..Default::default()
    }
}

/// The configs as they are with the new topic's own, so that a client need not ask (KIP-525).
fn configs_of<E: Env>(
    node: &Node<E>,
    topic: &CreatableTopic<'_>,
) -> Vec<CreatableTopicConfigs<'static>> {
    let dynamic = DynamicConfigs::of(&node.image(), node.id);
    let own = topic.configs.iter();
    let own = own.filter_map(|config| Some((&*config.name, config.value.as_deref()?)));
    describe::topic(
        &dynamic.over(node.config.settings()),
        &Settings::of_topic(own),
    )
    .into_iter()
    .map(|described| CreatableTopicConfigs {
        name: described.name,
        value: described.value.map(Into::into),
        read_only: described.is_read_only,
        config_source: described.source as i8,
        is_sensitive: described.is_sensitive,
    })
    .collect()
}

fn refused(name: ottla_wire::Str<'static>, refusal: Refusal) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name,
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        configs: Some(Vec::new()),
        ..Default::default()
    }
}
