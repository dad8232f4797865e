//! OffsetCommit: the positions of a group, which its coordinator writes down.

use std::sync::Arc;
use std::time::Duration;

use ottla_env::Env;
use ottla_group::offsets::{CommitOffsets, PartitionCommit, TopicCommit};
use ottla_group::{MemberClaim, Reply, Request};
use ottla_metadata::{Image, TopicImage};
use ottla_model::ErrorCode;
use ottla_wire::message::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 10;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: OffsetCommitRequest<'_>,
) -> OffsetCommitResponse<'static> {
    let group = Resource::Group(&request.group_id);
    if !node.allowed(context.caller, Operation::Read, group) {
        return refused(&request.topics, ErrorCode::GroupAuthorizationFailed);
    }
    let image = node.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut wanted = Vec::new();
    for topic in &request.topics {
        let found = find(node, context, &image, topic);
        let (commit, partitions) = split(found, topic);
        wanted.extend(commit);
        topics.push(OffsetCommitResponseTopic {
            name: topic.name.to_string().into(),
            topic_id: topic.topic_id,
            partitions,
        });
    }
    if wanted.is_empty() {
        return OffsetCommitResponse {
            topics,
            ..Default::default()
        };
    }
    let commit = CommitOffsets {
        group: Arc::from(&*request.group_id),
        member: MemberClaim {
            member_id: Arc::from(&*request.member_id),
            instance_id: request.group_instance_id.as_deref().map(Arc::from),
            generation_or_epoch: request.generation_id_or_member_epoch,
            version: context.version,
        },
        kept_for: u64::try_from(request.retention_time_ms)
            .ok()
            .map(Duration::from_millis),
        topics: wanted,
    };
    let answer = node
        .groups
        .write(&request.group_id, Request::CommitOffsets(commit));
    let mut codes = match answer.await {
        Ok(Reply::Codes(codes)) => codes.into_iter(),
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => return refused(&request.topics, code),
    };
    // In the order of the request come the codes of those that had none yet.
    let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    for partition in partitions.filter(|partition| partition.error_code == ErrorCode::None) {
        partition.error_code = codes.next().expect("a code for each partition");
    }
    OffsetCommitResponse {
        topics,
        ..Default::default()
    }
}

/// The topic that is meant.
fn find<'a, E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    image: &'a Image,
    topic: &OffsetCommitRequestTopic<'_>,
) -> Result<&'a TopicImage, ErrorCode> {
    let by_id = context.version >= FIRST_VERSION_WITH_TOPIC_IDS;
    let (found, unknown) = if by_id {
        let found = image.topics().by_id(topic.topic_id);
        (found, ErrorCode::UnknownTopicId)
    } else {
        let found = image.topics().by_name(&topic.name);
        (found, ErrorCode::UnknownTopicOrPartition)
    };
    let name = found.map_or(&*topic.name, |found| &found.name);
    let is_known = found.is_some() || !by_id;
    if is_known && !node.allowed(context.caller, Operation::Read, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    found.map(|found| &**found).ok_or(unknown)
}

/// What the coordinator is asked for a topic, and the answer with the partitions that it is not asked for.
fn split(
    found: Result<&TopicImage, ErrorCode>,
    topic: &OffsetCommitRequestTopic<'_>,
) -> (Option<TopicCommit>, Vec<OffsetCommitResponsePartition>) {
    let mut commits = Vec::new();
    let mut responses = Vec::with_capacity(topic.partitions.len());
    for partition in &topic.partitions {
        let error_code = match found {
            Err(code) => code,
            Ok(found) if found.partition(partition.partition_index).is_none() => {
                ErrorCode::UnknownTopicOrPartition
            }
            Ok(_) => ErrorCode::None,
        };
        if error_code == ErrorCode::None {
            commits.push(partition_commit(partition));
        }
        responses.push(OffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code,
        });
    }
    let commit = found.ok().map(|found| TopicCommit {
        name: Arc::clone(&found.name),
        id: found.id,
        partitions: commits,
    });
    let commit = commit.filter(|commit| !commit.partitions.is_empty());
    (commit, responses)
}

fn partition_commit(partition: &OffsetCommitRequestPartition<'_>) -> PartitionCommit {
    let metadata = partition.committed_metadata.as_deref();
    PartitionCommit {
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: metadata.unwrap_or_default().to_owned(),
    }
}

fn refused(
    topics: &[OffsetCommitRequestTopic<'_>],
    error_code: ErrorCode,
) -> OffsetCommitResponse<'static> {
    let partition = |partition: &OffsetCommitRequestPartition<'_>| OffsetCommitResponsePartition {
        partition_index: partition.partition_index,
        error_code,
    };
    let topics = topics.iter().map(|topic| OffsetCommitResponseTopic {
        name: topic.name.to_string().into(),
        topic_id: topic.topic_id,
        partitions: topic.partitions.iter().map(partition).collect(),
    });
    OffsetCommitResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}
