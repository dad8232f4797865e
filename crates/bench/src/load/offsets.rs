//! The ends of partitions.

use ottla_model::{LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp};
use ottla_wire::Str;
use ottla_wire::api::ApiKey;
use ottla_wire::message::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};

use super::LoadError;
use super::connection::Connection;

/// What stands for the ends of a log where `ListOffsets` has a timestamp.
pub(crate) const LATEST: Timestamp = Timestamp(-1);
pub(super) const EARLIEST: Timestamp = Timestamp(-2);

/// Who asks is no replica.
pub(super) const CONSUMER: NodeId = NodeId::NONE;

/// Ascending by partition, all of which the broker at the other end leads.
pub(crate) fn list_offsets(
    connection: &mut Connection,
    topic: &str,
    partitions: &[PartitionIndex],
    timestamp: Timestamp,
) -> Result<Vec<(PartitionIndex, Offset)>, LoadError> {
    let request = ListOffsetsRequest {
        replica_id: CONSUMER,
        isolation_level: 0,
        topics: vec![ListOffsetsTopic {
            name: Str::Borrowed(topic),
            partitions: partitions
                .iter()
                .map(|partition| ListOffsetsPartition {
                    partition_index: *partition,
                    current_leader_epoch: LeaderEpoch::NONE,
                    timestamp,
                })
                .collect(),
        }],
        timeout_ms: 30_000,
    };
    let response: ListOffsetsResponse<'_> = connection.call(ApiKey::ListOffsets, &request)?;
    let answered = response.topics.iter().flat_map(|topic| &topic.partitions);
    let mut offsets = answered
        .map(|partition| {
            let index = partition.partition_index;
            LoadError::check(
                || format!("ListOffsets of {topic}-{index}"),
                partition.error_code,
                None,
            )?;
            Ok((index, partition.offset))
        })
        .collect::<Result<Vec<_>, LoadError>>()?;
    offsets.sort();
    if offsets.len() == partitions.len() {
        return Ok(offsets);
    }
    Err(LoadError::Unfit(format!(
        "ListOffsets of {} partitions of {topic} is answered for {}",
        partitions.len(),
        offsets.len()
    )))
}
