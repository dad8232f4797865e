//! DeleteRecords (KIP-107): the starts of logs are moved forward, to an offset or to the high watermark.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, join_all, select};
use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, Monotonic, Offset, PartitionIndex};
use ottla_wire::message::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteRecordsTopicResult,
};

use super::opening::{opening_deadline, reader_by};
use crate::authorize::{Operation, Resource};
use crate::internal_topics::is_internal;
use crate::lane::{DeleteRecords, Job};
use crate::node::Node;
use crate::request::Context;

/// Stands for the high watermark.
const ALL: Offset = Offset(-1);

/// Waited for at least: a client that gives no time wants no one else to be waited for, but the disk is.
const LEAST_WAIT: Duration = Duration::from_secs(1);

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DeleteRecordsRequest<'_>,
) -> DeleteRecordsResponse<'static> {
    let clock = node.env.clock();
    let timeout = Duration::from_millis(request.timeout_ms.max(0).unsigned_abs().into());
    let timeout = timeout.max(LEAST_WAIT);
    let deadline = clock.monotonic() + timeout;
    let opened_by = opening_deadline(node);
    // Of what is named more than once the last counts.
    let mut wanted: BTreeMap<&str, BTreeMap<PartitionIndex, Offset>> = BTreeMap::new();
    for topic in &request.topics {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|asked| (asked.partition_index, asked.offset));
        wanted.entry(&topic.name).or_default().extend(partitions);
    }
    wanted.retain(|_, partitions| !partitions.is_empty());
    let topics = wanted.into_iter().map(async |(topic, partitions)| {
        let results = partitions.into_iter().map(async |(index, offset)| {
            let resource = Resource::Topic(topic);
            let deleted = if node.allowed(context.caller, Operation::Delete, resource) {
                delete(node, topic, index, offset, opened_by, deadline).await
            } else {
                Err(ErrorCode::TopicAuthorizationFailed)
            };
            DeleteRecordsPartitionResult {
                partition_index: index,
                low_watermark: deleted.unwrap_or(Offset::UNKNOWN),
                error_code: deleted.err().unwrap_or(ErrorCode::None),
                ..Default::default()
            }
        });
        DeleteRecordsTopicResult {
            name: topic.to_owned().into(),
            partitions: join_all(results).await,
            ..Default::default()
        }
    });
    DeleteRecordsResponse {
        topics: join_all(topics).await,
        ..Default::default()
    }
}

/// Gives where the log begins then.
async fn delete<E: Env>(
    node: &Node<E>,
    topic: &str,
    index: PartitionIndex,
    offset: Offset,
    opened_by: Monotonic,
    deadline: Monotonic,
) -> Result<Offset, ErrorCode> {
    let found = node.partition(topic, index);
    // What Kafka keeps there is read from its start.
    if is_internal(topic) && found.as_ref().err() != Some(&ErrorCode::UnknownTopicOrPartition) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let partition = found?;
    let leader_epoch = partition
        .leader_epoch()
        .ok_or(ErrorCode::NotLeaderOrFollower)?;
    let config = partition.config();
    if config.compacts() && !config.deletes() {
        return Err(ErrorCode::PolicyViolation);
    }
    reader_by(node, &partition, opened_by).await?;
    let (reply, told) = oneshot::channel();
    partition.lane.send(Job::DeleteRecords(DeleteRecords {
        key: partition.key,
        leader_epoch,
        before: (offset != ALL).then_some(offset),
        reply,
    }));
    let timeout = node.env.clock().sleep_until(deadline);
    match select(told, pin!(timeout)).await {
        Either::Left((told, _)) => told.unwrap_or(Err(ErrorCode::NotLeaderOrFollower)),
        Either::Right(_) => Err(ErrorCode::RequestTimedOut),
    }
}
