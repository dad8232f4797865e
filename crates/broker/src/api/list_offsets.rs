//! ListOffsets (KIP-79, KIP-734): where a partition begins and ends, and what was written when.

use std::collections::hash_map::Entry;

use ottla_env::{Env, Spawn};
use ottla_model::{ErrorCode, LeaderEpoch, Monotonic, Offset, PartitionIndex, Timestamp};
use ottla_wire::message::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use rustc_hash::FxHashMap;

use super::opening::{opening_deadline, reader_by};
use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

/// What a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sought {
    Latest,
    Earliest,
    MaxTimestamp,
    /// Something that is only in a remote tier, or on its way there. Nothing is tiered.
    Tiered,
    /// The first record that is as new.
    At(Timestamp),
}

impl Sought {
    /// Each sign is known from its own version on.
    ///
    /// # Errors
    /// UNSUPPORTED_VERSION.
    fn parse(timestamp: Timestamp, version: i16) -> Result<Self, ErrorCode> {
        let (first_version, sought) = match timestamp.0 {
            0.. => (0, Self::At(timestamp)),
            -1 => (1, Self::Latest),
            -2 => (1, Self::Earliest),
            -3 => (7, Self::MaxTimestamp),
            // The earliest that is on this disk.
            -4 => (8, Self::Earliest),
            -5 => (9, Self::Tiered),
            -6 => (11, Self::Tiered),
            _ => return Err(ErrorCode::UnsupportedVersion),
        };
        if version < first_version {
            return Err(ErrorCode::UnsupportedVersion);
        }
        Ok(sought)
    }
}

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
    for (name, partitions) in distinct(&request.topics) {
        let mut answers = Vec::with_capacity(partitions.len());
        for asked in partitions {
            let resource = Resource::Topic(name);
            let found = if !node.allowed(context.caller, Operation::Describe, resource) {
                Err(ErrorCode::TopicAuthorizationFailed)
            } else if asked.several {
                Err(ErrorCode::InvalidRequest)
            } else {
                let asked = asked.partition;
                match Sought::parse(asked.timestamp, context.version) {
                    Ok(sought) => {
                        let read_committed = request.isolation_level == READ_COMMITTED;
                        find(node, name, asked, sought, read_committed, opened_by).await
                    }
                    Err(code) => Err(code),
                }
            };
            let (error_code, found) =
                found.map_or_else(|code| (code, NOTHING), |found| (ErrorCode::None, found));
            answers.push(ListOffsetsPartitionResponse {
                partition_index: asked.partition.partition_index,
                error_code,
                timestamp: found.timestamp,
                offset: found.offset,
                leader_epoch: found.leader_epoch,
                ..Default::default()
            });
        }
        topics.push(ListOffsetsTopicResponse {
            name: name.to_owned().into(),
            partitions: answers,
            ..Default::default()
        });
    }
    ListOffsetsResponse {
        throttle_time_ms: 0,
        topics,
        ..Default::default()
    }
}

/// A partition of the request.
struct Asked<'a> {
    partition: &'a ListOffsetsPartition,
    /// It is there more than once, and nobody can say which is meant.
    several: bool,
}

/// Each topic once, and in it each partition once.
fn distinct<'a>(topics: &'a [ListOffsetsTopic<'_>]) -> Vec<(&'a str, Vec<Asked<'a>>)> {
    let mut places = FxHashMap::default();
    let mut distinct: Vec<(&str, Vec<Asked<'_>>)> = Vec::with_capacity(topics.len());
    let mut seen: FxHashMap<(usize, PartitionIndex), usize> = FxHashMap::default();
    for topic in topics {
        let name = &*topic.name;
        let place = *places.entry(name).or_insert(distinct.len());
        if place == distinct.len() {
            distinct.push((name, Vec::with_capacity(topic.partitions.len())));
        }
        let asked = &mut distinct[place].1;
        for partition in &topic.partitions {
            match seen.entry((place, partition.partition_index)) {
                Entry::Occupied(at) => asked[*at.get()].several = true,
                Entry::Vacant(at) => {
                    at.insert(asked.len());
                    asked.push(Asked {
                        partition,
                        several: false,
                    });
                }
            }
        }
    }
    distinct
}

async fn find<E: Env>(
    node: &Node<E>,
    topic: &str,
    asked: &ListOffsetsPartition,
    sought: Sought,
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
    let lookup = reader.clone();
    // Time look-ups read segments, which may not be in memory.
    let found = match sought {
        Sought::Latest => {
            return Ok(Found {
                leader_epoch,
                ..at(bound)
            });
        }
        Sought::Earliest => return Ok(at(reader.log_start())),
        Sought::Tiered => return Ok(NOTHING),
        Sought::MaxTimestamp => {
            let blocking = node.env.spawn().blocking(move || lookup.max_timestamp());
            blocking.await
        }
        Sought::At(timestamp) => {
            let blocking = node
                .env
                .spawn()
                .blocking(move || lookup.offset_for_timestamp(timestamp));
            blocking.await
        }
    };
    let found = found.map_err(|error| {
        // Its log has gone to another directory, or its topic has gone.
        if partition.leader_epoch().is_none() {
            return ErrorCode::NotLeaderOrFollower;
        }
        tracing::error!(partition = %partition.name(), %error, "cannot look up a timestamp");
        ErrorCode::KafkaStorageError
    })?;
    Ok(match found {
        Some(found) if found.offset < bound => Found {
            offset: found.offset,
            timestamp: found.timestamp,
            leader_epoch: found.leader_epoch,
        },
        _ => NOTHING,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_known_from_its_version_on() {
        for (sign, version, sought) in [
            (-1, 1, Sought::Latest),
            (-2, 1, Sought::Earliest),
            (-3, 7, Sought::MaxTimestamp),
            (-4, 8, Sought::Earliest),
            (-5, 9, Sought::Tiered),
            (-6, 11, Sought::Tiered),
        ] {
            assert_eq!(Sought::parse(Timestamp(sign), version), Ok(sought));
            let earlier = Sought::parse(Timestamp(sign), version - 1);
            assert_eq!(earlier, Err(ErrorCode::UnsupportedVersion));
        }
        let unknown = Sought::parse(Timestamp(-7), 11);
        assert_eq!(unknown, Err(ErrorCode::UnsupportedVersion));
        let at = Timestamp(0);
        assert_eq!(Sought::parse(at, 1), Ok(Sought::At(at)));
    }

    #[test]
    fn a_partition_named_more_than_once_is_answered_once_and_refused() {
        let topic = |name: &'static str, indexes: &[i32]| ListOffsetsTopic {
            name: name.into(),
            partitions: indexes
                .iter()
                .map(|&index| ListOffsetsPartition {
                    partition_index: PartitionIndex(index),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        let request = [
            topic("a", &[0, 1, 0]),
            topic("b", &[1]),
            topic("a", &[2, 1]),
        ];
        let told: Vec<_> = distinct(&request)
            .into_iter()
            .map(|(name, partitions)| {
                let indexes = partitions.iter();
                let told = indexes.map(|p| (p.partition.partition_index.0, p.several));
                (name, told.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", vec![(0, true), (1, true), (2, false)]),
                ("b", vec![(1, false)])
            ]
        );
    }
}
