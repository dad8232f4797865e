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
use crate::endpoints::{offline_replicas, reachable_leader};
use crate::internal_topics::is_internal;
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let image = node.image();
    let asks_for_all = request.topics.is_empty();
    let from = request
        .cursor
        .as_ref()
        .map_or(("", PartitionIndex(0)), |cursor| {
            (&*cursor.topic_name, cursor.partition_index)
        });
    let names: BTreeSet<&str> = if asks_for_all {
        let all = image.topics().iter();
        all.map(|topic| &*topic.name).collect()
    } else {
        request.topics.iter().map(|topic| &*topic.name).collect()
    };
    let is_astray = request.cursor.is_some() && !asks_for_all && !names.contains(from.0);
    if is_astray || from.1 < PartitionIndex(0) {
        let refused = request.topics.iter();
        return DescribeTopicPartitionsResponse {
            topics: refused
                .map(|topic| failed(&topic.name, ErrorCode::InvalidRequest))
                .collect(),
            ..Default::default()
        };
    }
    let caller = context.caller;
    let (allowed, others): (Vec<_>, Vec<_>) = names
        .range(from.0..)
        .partition(|name| node.allowed(caller, Operation::Describe, Resource::Topic(name)));
    let limit = request
        .response_partition_limit
        .min(node.options.max_request_partitions)
        .max(1) as usize;
    let (mut topics, next_cursor) = page(
        &image,
        &caller.listener,
        &allowed,
        from,
        limit,
        asks_for_all,
    );
    for topic in &mut topics {
        let name = topic.name.as_deref().unwrap_or_default();
        topic.topic_authorized_operations =
            node.authorized_operations(caller, Resource::Topic(name));
    }
    if !asks_for_all {
        let code = ErrorCode::TopicAuthorizationFailed;
        topics.extend(others.into_iter().map(|name| failed(name, code)));
    }
    DescribeTopicPartitionsResponse {
        topics,
        next_cursor,
        ..Default::default()
    }
}

/// What of the topics fits under the limit, and where the next page begins.
fn page(
    image: &Image,
    listener: &str,
    names: &[&str],
    (from_topic, from_partition): (&str, PartitionIndex),
    limit: usize,
    asks_for_all: bool,
) -> (
    Vec<DescribeTopicPartitionsResponseTopic<'static>>,
    Option<Cursor<'static>>,
) {
    let mut left = limit;
    let mut topics = Vec::new();
    for &name in names {
        let cursor = |partition_index| {
            Some(Cursor {
                topic_name: name.to_owned().into(),
                partition_index,
                ..Default::default()
            })
        };
        if left == 0 {
            return (topics, cursor(PartitionIndex(0)));
        }
        let Some(topic) = image.topics().by_name(name) else {
            let code = match ottla_controller::topic_name::check(name) {
                Ok(()) => ErrorCode::UnknownTopicOrPartition,
                Err(_) => ErrorCode::InvalidTopicException,
            };
            if !asks_for_all {
                topics.push(failed(name, code));
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
            .map(|(index, partition)| describe(image, index, partition, listener))
            .collect();
        left -= partitions.len();
        topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(name.to_owned().into()),
            topic_id: topic.id,
            is_internal: is_internal(name),
            partitions,
            ..Default::default()
        });
        if let Some((next, _)) = rest.next() {
            return (topics, cursor(next));
        }
    }
    (topics, None)
}

fn failed(name: &str, error_code: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'static> {
    DescribeTopicPartitionsResponseTopic {
        error_code,
        name: Some(name.to_owned().into()),
        is_internal: is_internal(name),
        topic_authorized_operations: NOT_ASKED,
        ..Default::default()
    }
}

fn describe(
    image: &Image,
    partition_index: PartitionIndex,
    partition: &PartitionImage,
    listener: &str,
) -> DescribeTopicPartitionsResponsePartition {
    let leader = reachable_leader(image, partition, listener);
    DescribeTopicPartitionsResponsePartition {
        error_code: leader.err().unwrap_or(ErrorCode::None),
        partition_index,
        leader_id: leader.unwrap_or(NodeId::NONE),
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.to_vec(),
        isr_nodes: partition.isr.to_vec(),
        eligible_leader_replicas: Some(partition.elr.to_vec()),
        last_known_elr: Some(partition.last_known_elr.to_vec()),
        offline_replicas: offline_replicas(image, partition, listener),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::test_image::{image, topic};

    fn shown(names: &[&str], from: (&str, i32), limit: usize) -> String {
        let image = image(&[topic("a", 2), topic("b", 3)]);
        let (topics, cursor) = page(
            &image,
            "PLAINTEXT",
            names,
            (from.0, PartitionIndex(from.1)),
            limit,
            false,
        );
        let topic = |topic: &DescribeTopicPartitionsResponseTopic<'_>| {
            let indexes = topic.partitions.iter().map(|p| p.partition_index.0);
            let name = topic.name.as_deref().unwrap_or_default();
            format!(
                "{name}{:?}{} ",
                indexes.collect::<Vec<_>>(),
                topic.error_code
            )
        };
        let topics: String = topics.iter().map(topic).collect();
        let cursor = cursor.map(|c| format!("{}-{}", c.topic_name, c.partition_index));
        format!("{topics}{}", cursor.unwrap_or_default())
    }

    #[test]
    fn a_full_page_ends_before_the_topic_that_has_no_room() {
        assert_eq!(shown(&["a", "b"], ("", 0), 1), "a[0]NONE a-1");
        assert_eq!(shown(&["a", "b"], ("a", 1), 1), "a[1]NONE b-0");
        assert_eq!(shown(&["a", "b"], ("", 0), 2), "a[0, 1]NONE b-0");
        assert_eq!(shown(&["a", "b"], ("", 0), 3), "a[0, 1]NONE b[0]NONE b-1");
        let all = "a[0, 1]NONE b[0, 1, 2]NONE ";
        assert_eq!(shown(&["a", "b"], ("", 0), 5), all);
    }

    #[test]
    fn names_without_a_topic_are_told_apart() {
        assert_eq!(
            shown(&["?", "c"], ("", 0), 5),
            "?[]INVALID_TOPIC_EXCEPTION c[]UNKNOWN_TOPIC_OR_PARTITION "
        );
    }
}
