//! OffsetCommit: positions are written down.

use std::sync::Arc;
use std::time::Duration;

use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::offset_commit::{OffsetCommitKey, OffsetCommitValue};

use crate::request::MemberClaim;

/// The positions that a client commits for a group.
#[derive(Clone, Debug)]
pub struct CommitOffsets {
    pub group: Arc<str>,
    pub member: MemberClaim,
    /// How long they are to be kept; `None` for as long as the node keeps them.
    pub kept_for: Option<Duration>,
    pub topics: Vec<TopicCommit>,
}

/// Of one topic.
#[derive(Clone, Debug)]
pub struct TopicCommit {
    pub name: Arc<str>,
    /// That of the topic of the name when it was committed.
    pub id: TopicId,
    pub partitions: Vec<PartitionCommit>,
}

/// Of one partition.
#[derive(Clone, Debug)]
pub struct PartitionCommit {
    pub partition: PartitionIndex,
    pub offset: Offset,
    pub leader_epoch: LeaderEpoch,
    pub metadata: String,
}

/// The records of a commit that the group allows. Gives a code for each partition in the order of the request.
pub(crate) fn commit(
    request: &CommitOffsets,
    max_metadata: usize,
    now: Timestamp,
    records: &mut Vec<GroupRecord<'static>>,
) -> Vec<ErrorCode> {
    let kept_for = request.kept_for.map(|kept| kept.as_millis() as i64);
    let expire_timestamp = kept_for.map_or(Timestamp::NONE, |kept| {
        Timestamp(now.0.saturating_add(kept))
    });
    let mut codes = Vec::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            // Kafka counts as Java does, in units of UTF-16.
            if partition.metadata.encode_utf16().count() > max_metadata {
                codes.push(ErrorCode::OffsetMetadataTooLarge);
                continue;
            }
            codes.push(ErrorCode::None);
            let value = OffsetCommitValue {
                offset: partition.offset,
                leader_epoch: partition.leader_epoch,
                metadata: partition.metadata.clone().into(),
                commit_timestamp: now,
                expire_timestamp,
                topic_id: topic.id,
            };
            let key = key(&request.group, &topic.name, partition.partition);
            records.push(GroupRecord::OffsetCommit(key, Some(value)));
        }
    }
    codes
}

/// The record that takes a position back.
pub(super) fn tombstone(
    group: &str,
    topic: &str,
    partition: PartitionIndex,
) -> GroupRecord<'static> {
    GroupRecord::OffsetCommit(key(group, topic, partition), None)
}

fn key(group: &str, topic: &str, partition: PartitionIndex) -> OffsetCommitKey<'static> {
    OffsetCommitKey {
        group: group.to_owned().into(),
        topic: topic.to_owned().into(),
        partition,
    }
}
