//! Metadata: the brokers, and the topics with who leads what. Creates a missing topic where that is wanted.

use std::collections::BTreeSet;

use ottla_env::Env;
use ottla_metadata::{Image, TopicImage};
use ottla_model::{ErrorCode, NodeId, TopicId};
use ottla_wire::message::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};
use rustc_hash::FxHashSet;

use super::NOT_ASKED;
use crate::authorize::{Operation, Resource};
use crate::endpoints::{offline_replicas, reachable_leader};
use crate::internal_topics::is_internal;
use crate::node::Node;
use crate::request::Context;

/// In version 0 an empty list of topics asks for all, later a null does.
const LAST_VERSION_WITH_EMPTY_FOR_ALL: i16 = 0;
/// Up to this version a client does not know LISTENER_NOT_FOUND.
const LAST_VERSION_WITHOUT_LISTENER_ERROR: i16 = 5;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: MetadataRequest<'_>,
) -> MetadataResponse<'static> {
    let asked = request.topics.as_deref().filter(|topics| {
        !(topics.is_empty() && context.version <= LAST_VERSION_WITH_EMPTY_FOR_ALL)
    });
    if let Some(asked) = asked
        && request.allow_auto_topic_creation
    {
        create_missing(node, context, asked).await;
    }
    let with_operations = request.include_topic_authorized_operations;
    let image = node.image();
    let topics = match asked {
        None => image
            .topics()
            .iter()
            .filter(|topic| {
                node.allowed(
                    context.caller,
                    Operation::Describe,
                    Resource::Topic(&topic.name),
                )
            })
            .map(|topic| describe(node, context, &image, topic, with_operations))
            .collect(),
        Some(asked) => distinct(&image, asked)
            .into_iter()
            .map(|(one, found)| find(node, context, &image, (one, found), with_operations))
            .collect(),
    };
    let cluster_authorized_operations = if request.include_cluster_authorized_operations {
        node.authorized_operations(context.caller, Resource::Cluster)
    } else {
        NOT_ASKED
    };
    let endpoints = node.endpoints(context.caller);
    MetadataResponse {
        // Any broker will do, for each passes on what is the controller's.
        controller_id: image
            .cluster()
            .brokers()
            .find(|broker| !broker.is_fenced())
            .map_or(NodeId::NONE, |broker| broker.id()),
        brokers: endpoints
            .into_iter()
            .map(|endpoint| MetadataResponseBroker {
                node_id: endpoint.id,
                host: endpoint.host.into(),
                port: endpoint.port.into(),
                rack: endpoint.rack.map(Into::into),
                ..Default::default()
            })
            .collect(),
        cluster_id: Some(node.cluster_id.to_string().into()),
        topics,
        cluster_authorized_operations,
        ..Default::default()
    }
}

async fn create_missing<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    asked: &[MetadataRequestTopic<'_>],
) {
    if !node.options.auto_create_topics {
        return;
    }
    let image = node.image();
    let missing: BTreeSet<String> = asked
        .iter()
        .filter_map(|topic| topic.name.as_deref())
        .filter(|name| image.topics().by_name(name).is_none())
        // They have settings of their own, and come with the coordinators that use them.
        .filter(|name| !is_internal(name))
        .filter(|name| {
            node.allowed(context.caller, Operation::Create, Resource::Cluster)
                || node.allowed(context.caller, Operation::Create, Resource::Topic(name))
        })
        .map(str::to_owned)
        .collect();
    if !missing.is_empty() {
        // A name that cannot be created is found missing below, and answered as such.
        node.create_default_topics(missing).await;
    }
}

/// What is asked with the topics there are, each once: by name, by id or by both, however often. A request is small where it
/// names one topic over and over, and its answer must be so too.
fn distinct<'a, 'b>(
    image: &'a Image,
    asked: &'a [MetadataRequestTopic<'b>],
) -> Vec<(&'a MetadataRequestTopic<'b>, Option<&'a TopicImage>)> {
    let mut seen = FxHashSet::default();
    asked
        .iter()
        .map(|one| {
            let found = if one.topic_id == TopicId::NONE {
                let name = one.name.as_deref();
                name.and_then(|name| image.topics().by_name(name))
            } else {
                image.topics().by_id(one.topic_id)
            };
            (one, found.map(|topic| &**topic))
        })
        .filter(|(one, found)| {
            let name: Option<&str> = one.name.as_deref();
            seen.insert(found.map_or((name, one.topic_id), |topic| (None, topic.id)))
        })
        .collect()
}

fn find<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    image: &Image,
    (asked, found): (&MetadataRequestTopic<'_>, Option<&TopicImage>),
    with_operations: bool,
) -> MetadataResponseTopic<'static> {
    let visible = found.filter(|t| {
        node.allowed(
            context.caller,
            Operation::Describe,
            Resource::Topic(&t.name),
        )
    });
    if let Some(topic) = visible {
        return describe(node, context, image, topic, with_operations);
    }
    let error_code = match asked.name.as_deref() {
        None => ErrorCode::UnknownTopicId,
        Some(name) if ottla_controller::topic_name::check(name).is_err() => {
            ErrorCode::InvalidTopicException
        }
        Some(_) => ErrorCode::UnknownTopicOrPartition,
    };
    MetadataResponseTopic {
        error_code,
        name: asked.name.as_deref().map(|name| name.to_owned().into()),
        topic_id: asked.topic_id,
        topic_authorized_operations: NOT_ASKED,
        ..Default::default()
    }
}

fn describe<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    image: &Image,
    topic: &TopicImage,
    with_operations: bool,
) -> MetadataResponseTopic<'static> {
    let partitions = topic
        .partitions()
        .map(|(partition_index, partition)| {
            let leader = reachable_leader(image, partition, &context.caller.listener);
            let knows_code = context.version > LAST_VERSION_WITHOUT_LISTENER_ERROR;
            MetadataResponsePartition {
                error_code: match leader {
                    Ok(_) => ErrorCode::None,
                    Err(code) if knows_code => code,
                    Err(_) => ErrorCode::LeaderNotAvailable,
                },
                partition_index,
                leader_id: leader.unwrap_or(NodeId::NONE),
                leader_epoch: partition.leader_epoch,
                replica_nodes: partition.replicas.to_vec(),
                isr_nodes: partition.isr.to_vec(),
                offline_replicas: offline_replicas(image, partition, &context.caller.listener),
                ..Default::default()
            }
        })
        .collect();
    let operations = Resource::Topic(&topic.name);
    MetadataResponseTopic {
        error_code: ErrorCode::None,
        name: Some(topic.name.to_string().into()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions,
        topic_authorized_operations: if with_operations {
            node.authorized_operations(context.caller, operations)
        } else {
            NOT_ASKED
        },
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::test_image::{id, image, topic};

    #[test]
    fn a_topic_named_more_than_once_is_answered_once() {
        let image = image(&[topic("a", 2), topic("b", 1)]);
        let asked = |name: Option<&'static str>, topic_id| MetadataRequestTopic {
            name: name.map(Into::into),
            topic_id,
            ..Default::default()
        };
        let asked = [
            asked(Some("a"), TopicId::NONE),
            asked(None, id("a")),
            asked(Some("x"), TopicId::NONE),
            asked(Some("a"), TopicId::NONE),
            asked(None, id("y")),
            asked(Some("b"), TopicId::NONE),
            asked(None, id("y")),
            asked(Some("x"), TopicId::NONE),
        ];
        let answered: Vec<_> = distinct(&image, &asked)
            .into_iter()
            .map(|(one, found)| (one.name.as_deref(), found.map(|topic| topic.id)))
            .collect();
        assert_eq!(
            answered,
            [
                (Some("a"), Some(id("a"))),
                (Some("x"), None),
                (None, None),
                (Some("b"), Some(id("b")))
            ]
        );
    }
}
