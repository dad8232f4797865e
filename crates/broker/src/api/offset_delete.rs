//! OffsetDelete (KIP-496): positions that a group does not need any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_env::Env;
use ottla_group::offsets::DeleteOffsets;
use ottla_group::{Reply, Request};
use ottla_metadata::Image;
use ottla_model::{ErrorCode, PartitionIndex};
use ottla_wire::message::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: OffsetDeleteRequest<'_>,
) -> OffsetDeleteResponse<'static> {
    let refused = |error_code| OffsetDeleteResponse {
        error_code,
        ..Default::default()
    };
    let group = Resource::Group(&request.group_id);
    if !node.allowed(context.caller, Operation::Delete, group) {
        return refused(ErrorCode::GroupAuthorizationFailed);
    }
    if request.group_id.is_empty() {
        return refused(ErrorCode::InvalidGroupId);
    }
    let image = node.image();
    let mut codes = BTreeMap::new();
    let mut wanted = Vec::new();
    for topic in &request.topics {
        let mut known = Vec::new();
        for partition in &topic.partitions {
            let index = partition.partition_index;
            match check(node, context, &image, topic, index) {
                ErrorCode::None => known.push(index),
                code => {
                    codes.insert((&*topic.name, index), code);
                }
            }
        }
        if !known.is_empty() {
            wanted.push((Arc::from(&*topic.name), known));
        }
    }
    let delete = DeleteOffsets {
        group: Arc::from(&*request.group_id),
        topics: wanted,
    };
    let answer = node
        .groups
        .write(&request.group_id, Request::DeleteOffsets(delete));
    let mut deleted = match answer.await {
        Ok(Reply::Codes(codes)) => codes.into_iter(),
        Ok(other) => unreachable!("the groups answer another question: {other:?}"),
        Err(code) => return refused(code),
    };
    let topics = request
        .topics
        .iter()
        .map(|topic| OffsetDeleteResponseTopic {
            name: topic.name.to_string().into(),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| {
                    let index = partition.partition_index;
                    let known = codes.get(&(&*topic.name, index)).copied();
                    OffsetDeleteResponsePartition {
                        partition_index: index,
                        error_code: known
                            .unwrap_or_else(|| deleted.next().expect("a code for each partition")),
                    }
                })
                .collect(),
        });
    OffsetDeleteResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

fn check<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    image: &Image,
    topic: &OffsetDeleteRequestTopic<'_>,
    partition: PartitionIndex,
) -> ErrorCode {
    if !node.allowed(
        context.caller,
        Operation::Read,
        Resource::Topic(&topic.name),
    ) {
        return ErrorCode::TopicAuthorizationFailed;
    }
    let found = image.topics().by_name(&topic.name);
    match found.and_then(|found| found.partition(partition)) {
        Some(_) => ErrorCode::None,
        None => ErrorCode::UnknownTopicOrPartition,
    }
}
