//! DescribeProducers (KIP-664): what the leaders of partitions remember of producers.

use futures::channel::oneshot;
use ottla_controller::topic_name;
use ottla_env::Env;
use ottla_log::ActiveProducer;
use ottla_model::{ErrorCode, Monotonic, Offset, PartitionIndex};
use ottla_wire::message::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState,
    TopicResponse,
};

use super::opening::{opening_deadline, reader_by};
use crate::authorize::{Operation, Resource};
use crate::lane::Job;
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeProducersRequest<'_>,
) -> DescribeProducersResponse<'static> {
    let opened_by = opening_deadline(node);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        let resource = Resource::Topic(&topic.name);
        let is_allowed = node.allowed(context.caller, Operation::Read, resource);
        for &index in &topic.partition_indexes {
            let described = if is_allowed {
                describe(node, &topic.name, index, opened_by).await
            } else {
                Err(ErrorCode::TopicAuthorizationFailed)
            };
            partitions.push(answer(index, described));
        }
        topics.push(TopicResponse {
            name: topic.name.to_string().into(),
            partitions,
            ..Default::default()
        });
    }
    DescribeProducersResponse {
        topics,
        ..Default::default()
    }
}

async fn describe<E: Env>(
    node: &Node<E>,
    topic: &str,
    index: PartitionIndex,
    opened_by: Monotonic,
) -> Result<Vec<ActiveProducer>, ErrorCode> {
    topic_name::check(topic).map_err(|_| ErrorCode::InvalidTopicException)?;
    let partition = node.partition(topic, index)?;
    if partition.leader_epoch().is_none() {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    reader_by(node, &partition, opened_by).await?;
    let (reply, told) = oneshot::channel();
    let key = partition.key;
    partition.lane.send(Job::DescribeProducers { key, reply });
    told.await.unwrap_or(Err(ErrorCode::NotLeaderOrFollower))
}

fn answer(
    partition_index: PartitionIndex,
    described: Result<Vec<ActiveProducer>, ErrorCode>,
) -> PartitionResponse<'static> {
    let (error_code, active) = match described {
        Ok(active) => (ErrorCode::None, active),
        Err(code) => (code, Vec::new()),
    };
    let states = active.into_iter().map(|producer| ProducerState {
        producer_id: producer.id,
        producer_epoch: producer.epoch.0.into(),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_start.unwrap_or(Offset::UNKNOWN),
        ..Default::default()
    });
    PartitionResponse {
        partition_index,
        error_code,
        error_message: (error_code != ErrorCode::None).then(|| error_code.to_string().into()),
        active_producers: states.collect(),
        ..Default::default()
    }
}
