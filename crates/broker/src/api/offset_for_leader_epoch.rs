//! OffsetForLeaderEpoch (KIP-101, KIP-279, KIP-320): where an epoch ends, for whoever must find out what it still shares with
//! the leader.

use ottla_env::Env;
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset};
use ottla_wire::message::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};

use super::opening::{opening_deadline, reader_by};
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: OffsetForLeaderEpochRequest<'_>,
) -> OffsetForLeaderEpochResponse<'static> {
    let opened_by = opening_deadline(node);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let found = if node.allowed(
                context.caller,
                Operation::Describe,
                Resource::Topic(&topic.topic),
            ) {
                find(node, &topic.topic, asked, opened_by).await
            } else {
                Err(ErrorCode::TopicAuthorizationFailed)
            };
            let (error_code, (leader_epoch, end_offset)) = match found {
                Ok(found) => (ErrorCode::None, found),
                Err(code) => (code, (LeaderEpoch::NONE, Offset::UNKNOWN)),
            };
            partitions.push(EpochEndOffset {
                error_code,
                partition: asked.partition,
                leader_epoch,
                end_offset,
                ..Default::default()
            });
        }
        topics.push(OffsetForLeaderTopicResult {
            topic: topic.topic.to_string().into(),
            partitions,
            ..Default::default()
        });
    }
    OffsetForLeaderEpochResponse {
        topics,
        ..Default::default()
    }
}

async fn find<E: Env>(
    node: &Node<E>,
    topic: &str,
    asked: &OffsetForLeaderPartition,
    opened_by: Monotonic,
) -> Result<(LeaderEpoch, Offset), ErrorCode> {
    let partition = node.partition(topic, asked.partition)?;
    partition.check_leader(asked.current_leader_epoch)?;
    let reader = reader_by(node, &partition, opened_by).await?;
    Ok(reader.end_offset_for_epoch(asked.leader_epoch))
}
