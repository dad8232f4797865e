//! ListPartitionReassignments (KIP-455): the partitions whose replicas are being changed.

use ottla_env::Env;
use ottla_metadata::{PartitionImage, TopicImage};
use ottla_model::{ErrorCode, PartitionIndex};
use ottla_wire::message::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment, OngoingTopicReassignment,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ListPartitionReassignmentsRequest<'_>,
) -> ListPartitionReassignmentsResponse<'static> {
    if !node.allowed(context.caller, Operation::Describe, Resource::Cluster) {
        return ListPartitionReassignmentsResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed,
            error_message: Some("not authorized".into()),
            ..Default::default()
        };
    }
    let image = node.image();
    let topics = image.topics();
    let topics = match &request.topics {
        None => topics.iter().filter_map(|it| ongoing(it, None)).collect(),
        Some(asked) => asked
            .iter()
            .filter_map(|asked| {
                ongoing(topics.by_name(&asked.name)?, Some(&asked.partition_indexes))
            })
            .collect(),
    };
    ListPartitionReassignmentsResponse {
        error_message: None,
        topics,
        ..Default::default()
    }
}

/// `None` where the topic has none among these partitions.
fn ongoing(
    topic: &TopicImage,
    asked: Option<&[PartitionIndex]>,
) -> Option<OngoingTopicReassignment<'static>> {
    let is_ongoing = |partition: &PartitionImage| {
        !partition.adding_replicas.is_empty() || !partition.removing_replicas.is_empty()
    };
    let partitions: Vec<OngoingPartitionReassignment> = topic
        .partitions()
        .filter(|(index, partition)| {
            asked.is_none_or(|asked| asked.contains(index)) && is_ongoing(partition)
        })
        .map(
            |(partition_index, partition)| OngoingPartitionReassignment {
                partition_index,
                replicas: partition.replicas.clone(),
                adding_replicas: partition.adding_replicas.clone(),
                removing_replicas: partition.removing_replicas.clone(),
            },
        )
        .collect();
    (!partitions.is_empty()).then(|| OngoingTopicReassignment {
        name: topic.name.to_string().into(),
        partitions,
    })
}
