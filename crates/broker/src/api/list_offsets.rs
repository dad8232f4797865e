//! ListOffsets (KIP-79, KIP-734): where a partition begins and ends, and what was written when.

use ottla_env::{Env, Spawn};
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset, Timestamp};
use ottla_wire::message::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};
use rustc_hash::FxHashSet;

use super::opening::{opening_deadline, reader_by};
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// What a negative timestamp asks for.
const LATEST: Timestamp = Timestamp(-1);
const EARLIEST: Timestamp = Timestamp(-2);
const MAX_TIMESTAMP: Timestamp = Timestamp(-3);
const EARLIEST_LOCAL: Timestamp = Timestamp(-4);
const LATEST_TIERED: Timestamp = Timestamp(-5);
const EARLIEST_PENDING_UPLOAD: Timestamp = Timestamp(-6);

const READ_COMMITTED: i8 = 1;

struct Found {
    offset: Offset,
    timestamp: Timestamp,
    leader_epoch: LeaderEpoch,
}

const NOTHING: Found = Found {
    offset: Offset::UNKNOWN,
    timestamp: Timestamp::NONE,
    leader_epoch: LeaderEpoch::NONE,
};

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ListOffsetsRequest<'_>,
) -> ListOffsetsResponse<'static> {
    let opened_by = opening_deadline(node);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut seen = FxHashSet::default();
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let found = if !node.allowed(
                context.caller,
                Operation::Describe,
                Resource::Topic(&topic.name),
            ) {
                Err(ErrorCode::TopicAuthorizationFailed)
            } else if !seen.insert(asked.partition_index) {
                Err(ErrorCode::InvalidRequest)
            } else {
                find(
                    node,
                    &topic.name,
                    asked,
                    request.isolation_level == READ_COMMITTED,
                    opened_by,
                )
                .await
            };
            let (error_code, found) =
                found.map_or_else(|code| (code, NOTHING), |found| (ErrorCode::None, found));
            partitions.push(ListOffsetsPartitionResponse {
                partition_index: asked.partition_index,
                error_code,
                timestamp: found.timestamp,
                offset: found.offset,
                leader_epoch: found.leader_epoch,
                ..Default::default()
            });
        }
        topics.push(ListOffsetsTopicResponse {
            name: topic.name.to_string().into(),
            partitions,
            ..Default::default()
        });
    }
    ListOffsetsResponse {
        throttle_time_ms: 0,
        topics,
        ..Default::default()
    }
}

async fn find<E: Env>(
    node: &Node<E>,
    topic: &str,
    asked: &ListOffsetsPartition,
    read_committed: bool,
    opened_by: Monotonic,
) -> Result<Found, ErrorCode> {
    let partition = node.partition(topic, asked.partition_index)?;
    let leader_epoch = partition.check_leader(asked.current_leader_epoch)?;
    let reader = reader_by(node, &partition, opened_by).await?;
    let bound = if read_committed {
        reader.last_stable_offset()
    } else {
        reader.high_watermark()
    };
    let at = |offset: Offset| Found {
        offset,
        timestamp: Timestamp::NONE,
        leader_epoch: reader.epoch_of(offset),
    };
    match asked.timestamp {
        LATEST => Ok(Found {
            leader_epoch,
            ..at(bound)
        }),
        EARLIEST | EARLIEST_LOCAL => Ok(at(reader.log_start())),
        // Nothing is tiered.
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Ok(NOTHING),
        timestamp => {
            let lookup = reader.clone();
            // Time look-ups read segments, which may not be in memory.
            let found = node
                .env
                .spawn()
                .blocking(move || match timestamp {
                    MAX_TIMESTAMP => lookup.max_timestamp(),
                    timestamp => lookup.offset_for_timestamp(timestamp),
                })
                .await
                .map_err(|error| {
                    tracing::error!(partition = %partition.name(), %error, "cannot look up a timestamp");
                    ErrorCode::KafkaStorageError
                })?;
            Ok(match found {
                Some(found) if found.offset < bound => Found {
                    offset: found.offset,
                    timestamp: found.timestamp,
                    leader_epoch: reader.epoch_of(found.offset),
                },
                _ => NOTHING,
            })
        }
    }
}
