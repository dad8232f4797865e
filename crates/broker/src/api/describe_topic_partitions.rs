//! DescribeTopicPartitions (KIP-966): topics page by page, in the order of their names, with eligible leader replicas.

use std::collections::BTreeSet;

use ottla_env::Env;
use ottla_metadata::{Image, PartitionImage};
use ottla_model::{ErrorCode, NodeId, PartitionIndex};
use ottla_wire::message::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};

use super::NOT_ASKED;
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;
use crate::topic::is_internal;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let image = node.image();
    let caller = context.caller;
    let (from_topic, from_partition) = request
        .cursor
        .as_ref()
        .map_or(("", PartitionIndex(0)), |cursor| {
            (&*cursor.topic_name, cursor.partition_index)
        });
    let names: BTreeSet<String> = if request.topics.is_empty() {
        image
            .topics()
            .iter()
            .map(|topic| topic.name.to_string())
            .collect()
    } else {
        request
            .topics
            .iter()
            .map(|topic| topic.name.to_string())
            .collect()
    };
    let limit = request
        .response_partition_limit
        .clamp(1, node.options.max_request_partitions) as usize;
    let mut left = limit;
    let mut topics = Vec::new();
    let mut next_cursor = None;
    for name in names.range(from_topic.to_owned()..) {
        let found = image.topics().by_name(name);
        let visible =
            found.filter(|_| node.allowed(caller, Operation::Describe, Resource::Topic(name)));
        let Some(topic) = visible else {
            if !request.topics.is_empty() {
                topics.push(DescribeTopicPartitionsResponseTopic {
                    error_code: ErrorCode::UnknownTopicOrPartition,
                    name: Some(name.clone().into()),
                    topic_authorized_operations: NOT_ASKED,
                    ..Default::default()
                });
            }
            continue;
        };
        let first = if name == from_topic {
            from_partition
        } else {
            PartitionIndex(0)
        };
        let mut rest = topic.partitions().filter(|(index, _)| *index >= first);
        let partitions: Vec<_> = rest
            .by_ref()
            .take(left)
            .map(|(index, partition)| describe(&image, index, partition))
            .collect();
        left -= partitions.len();
        topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(name.clone().into()),
            topic_id: topic.id,
            is_internal: is_internal(name),
            partitions,
            topic_authorized_operations: node.authorized_operations(caller, Resource::Topic(name)),
            ..Default::default()
        });
        if let Some((partition_index, _)) = rest.next() {
            next_cursor = Some(Cursor {
                topic_name: name.clone().into(),
                partition_index,
                ..Default::default()
            });
            break;
        }
    }
    DescribeTopicPartitionsResponse {
        topics,
        next_cursor,
        ..Default::default()
    }
}

fn describe(
    image: &Image,
    partition_index: PartitionIndex,
    partition: &PartitionImage,
) -> DescribeTopicPartitionsResponsePartition {
    let leader = image.living_leader(partition);
    DescribeTopicPartitionsResponsePartition {
        error_code: leader.map_or(ErrorCode::LeaderNotAvailable, |_| ErrorCode::None),
        partition_index,
        leader_id: leader.unwrap_or(NodeId::NONE),
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.to_vec(),
        isr_nodes: partition.isr.to_vec(),
        eligible_leader_replicas: Some(partition.elr.to_vec()),
        last_known_elr: Some(partition.last_known_elr.to_vec()),
        offline_replicas: image.offline_replicas(partition),
        ..Default::default()
    }
}
