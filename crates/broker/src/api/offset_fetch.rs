//! OffsetFetch: what groups have committed.

use std::sync::Arc;

use ottla_env::Env;
use ottla_group::offsets::{FetchOffsets, FetchTopic, FetchedPartition, FetchedTopic};
use ottla_group::{Reply, Request};
use ottla_metadata::Image;
use ottla_model::{ErrorCode, LeaderEpoch, Offset, TopicId};
use ottla_wire::message::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// Up to this version a request asks for one group.
const LAST_VERSION_WITH_ONE_GROUP: i16 = 7;
/// Up to this version the response has no code of its own, and each partition has the group's.
const LAST_VERSION_WITHOUT_GROUP_ERROR: i16 = 1;
/// From this version on topics are named by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 10;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: OffsetFetchRequest<'_>,
) -> OffsetFetchResponse<'static> {
    let require_stable = request.require_stable;
    if context.version <= LAST_VERSION_WITH_ONE_GROUP {
        let group = one_group(request.group_id, request.topics);
        let response = fetch(node, context, &group, require_stable).await;
        return of_one_group(context.version, &group, response);
    }
    let mut groups = Vec::with_capacity(request.groups.len());
    for group in &request.groups {
        groups.push(fetch(node, context, group, require_stable).await);
    }
    OffsetFetchResponse {
        groups,
        ..Default::default()
    }
}

/// What a version that knows one group asks, as the later ones do.
fn one_group<'a>(
    group_id: ottla_wire::Str<'a>,
    topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
) -> OffsetFetchRequestGroup<'a> {
    let topic = |topic: OffsetFetchRequestTopic<'a>| OffsetFetchRequestTopics {
        name: topic.name,
        partition_indexes: topic.partition_indexes,
        ..Default::default()
    };
    OffsetFetchRequestGroup {
        group_id,
        topics: topics.map(|topics| topics.into_iter().map(topic).collect()),
        ..Default::default()
    }
}

fn of_one_group(
    version: i16,
    asked: &OffsetFetchRequestGroup<'_>,
    group: OffsetFetchResponseGroup<'static>,
) -> OffsetFetchResponse<'static> {
    let code = group.error_code;
    let is_told_by_partitions =
        code != ErrorCode::None && version <= LAST_VERSION_WITHOUT_GROUP_ERROR;
    let topics = if is_told_by_partitions {
        let asked = asked.topics.iter().flatten();
        asked.map(|topic| failed(topic, code)).collect()
    } else {
        group.topics
    };
    let partition =
        |partition: OffsetFetchResponsePartitions<'static>| OffsetFetchResponsePartition {
            partition_index: partition.partition_index,
            committed_offset: partition.committed_offset,
            committed_leader_epoch: partition.committed_leader_epoch,
            metadata: partition.metadata,
            error_code: partition.error_code,
        };
    let topics = topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: code,
        ..Default::default()
    }
}

async fn fetch<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    group: &OffsetFetchRequestGroup<'_>,
    require_stable: bool,
) -> OffsetFetchResponseGroup<'static> {
    let refused = |error_code| OffsetFetchResponseGroup {
        group_id: group.group_id.to_string().into(),
        error_code,
        ..Default::default()
    };
    let resource = Resource::Group(&group.group_id);
    if !node.allowed(context.caller, Operation::Describe, resource) {
        return refused(ErrorCode::GroupAuthorizationFailed);
    }
    let image = node.image();
    let mut failures = Vec::new();
    let topics = group.topics.as_ref().map(|topics| {
        let mut wanted = Vec::with_capacity(topics.len());
        for topic in topics {
            match find(node, context, &image, topic) {
                Ok(name) => wanted.push(FetchTopic {
                    name,
                    id: topic.topic_id,
                    partitions: topic.partition_indexes.clone(),
                }),
                Err(code) => failures.push(failed(topic, code)),
            }
        }
        wanted
    });
    let is_all = topics.is_none();
    let request = Request::FetchOffsets(FetchOffsets {
        group: Arc::from(&*group.group_id),
        member_id: group.member_id.as_deref().map(Arc::from),
        member_epoch: group.member_epoch,
        topics,
        require_stable,
    });
    let fetched = match node.groups.write(&group.group_id, request).await {
        Ok(Reply::Fetched(topics)) => topics,
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        // It is one that consumers understand.
        Err(ErrorCode::CoordinatorNotAvailable) => return refused(ErrorCode::NotCoordinator),
        Err(code) => return refused(code),
    };
    let shown = fetched.into_iter().filter_map(|topic| {
        if !is_all {
            return Some(found(topic));
        }
        // Of what was not asked for by name, only what may be seen, and what has an id where that is its name.
        let resource = Resource::Topic(&topic.name);
        let is_shown = node.allowed(context.caller, Operation::Describe, resource);
        let id = image.topics().by_name(&topic.name).map(|topic| topic.id);
        let is_named = context.version < FIRST_VERSION_WITH_TOPIC_IDS || id.is_some();
        let id = id.unwrap_or(TopicId::NONE);
        (is_shown && is_named).then(|| found(FetchedTopic { id, ..topic }))
    });
    OffsetFetchResponseGroup {
        group_id: group.group_id.to_string().into(),
        topics: shown.chain(failures).collect(),
        ..Default::default()
    }
}

/// The name of the topic that is meant. One that is named need not be there.
fn find<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    image: &Image,
    topic: &OffsetFetchRequestTopics<'_>,
) -> Result<Arc<str>, ErrorCode> {
    let name = if context.version >= FIRST_VERSION_WITH_TOPIC_IDS {
        let found = image.topics().by_id(topic.topic_id);
        Arc::clone(&found.ok_or(ErrorCode::UnknownTopicId)?.name)
    } else {
        Arc::from(&*topic.name)
    };
    if node.allowed(context.caller, Operation::Describe, Resource::Topic(&name)) {
        Ok(name)
    } else {
        Err(ErrorCode::TopicAuthorizationFailed)
    }
}

fn found(topic: FetchedTopic) -> OffsetFetchResponseTopics<'static> {
    let partition = |fetched: FetchedPartition| OffsetFetchResponsePartitions {
        partition_index: fetched.partition,
        committed_offset: fetched.offset,
        committed_leader_epoch: fetched.leader_epoch,
        metadata: Some(fetched.metadata.to_string().into()),
        error_code: fetched.error,
    };
    OffsetFetchResponseTopics {
        name: topic.name.to_string().into(),
        topic_id: topic.id,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    }
}

fn failed(
    topic: &OffsetFetchRequestTopics<'_>,
    error_code: ErrorCode,
) -> OffsetFetchResponseTopics<'static> {
    let partitions = topic.partition_indexes.iter();
    OffsetFetchResponseTopics {
        name: topic.name.to_string().into(),
        topic_id: topic.topic_id,
        partitions: partitions
            .map(|partition_index| OffsetFetchResponsePartitions {
                partition_index: *partition_index,
                committed_offset: Offset::UNKNOWN,
                committed_leader_epoch: LeaderEpoch::NONE,
                metadata: Some("".into()),
                error_code,
            })
            .collect(),
    }
}
