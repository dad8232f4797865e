//! `__consumer_offsets`: the groups of every kind, and their positions.

pub mod consumer_group_current_member_assignment;
pub mod consumer_group_member_metadata;
pub mod consumer_group_metadata;
pub mod consumer_group_partition_metadata;
pub mod consumer_group_regular_expression;
pub mod consumer_group_target_assignment_member;
pub mod consumer_group_target_assignment_metadata;
pub mod group_metadata;
pub mod legacy_offset_commit;
pub mod offset_commit;
pub mod share_group_current_member_assignment;
pub mod share_group_member_metadata;
pub mod share_group_metadata;
pub mod share_group_state_partition_metadata;
pub mod share_group_target_assignment_member;
pub mod share_group_target_assignment_metadata;
pub mod streams_group_current_member_assignment;
pub mod streams_group_member_metadata;
pub mod streams_group_metadata;
pub mod streams_group_target_assignment_member;
pub mod streams_group_target_assignment_metadata;
pub mod streams_group_topology;
pub mod topic_partitions;

use std::ops::RangeInclusive;

use bytes::Bytes;

use consumer_group_current_member_assignment::*;
use consumer_group_member_metadata::*;
use consumer_group_metadata::*;
use consumer_group_partition_metadata::*;
use consumer_group_regular_expression::*;
use consumer_group_target_assignment_member::*;
use consumer_group_target_assignment_metadata::*;
use group_metadata::*;
use legacy_offset_commit::*;
use offset_commit::*;
use share_group_current_member_assignment::*;
use share_group_member_metadata::*;
use share_group_metadata::*;
use share_group_state_partition_metadata::*;
use share_group_target_assignment_member::*;
use share_group_target_assignment_metadata::*;
use streams_group_current_member_assignment::*;
use streams_group_member_metadata::*;
use streams_group_metadata::*;
use streams_group_target_assignment_member::*;
use streams_group_target_assignment_metadata::*;
use streams_group_topology::*;

use super::{KEY_VERSION, coordinator_records};
use crate::codec::{DecodeError, Reader, Writer};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message, version_prefix};

coordinator_records! {
    /// Any record of `__consumer_offsets`. The numbers 9 and 18 are taken by what releases before wrote for a while.
    GroupRecord:
    0 LegacyOffsetCommit(LegacyOffsetCommitKey<'a>, LegacyOffsetCommitValue<'a>);
    1 OffsetCommit(OffsetCommitKey<'a>, OffsetCommitValue<'a>);
    2 GroupMetadata(GroupMetadataKey<'a>, GroupMetadataValue<'a>);
    3 ConsumerGroupMetadata(ConsumerGroupMetadataKey<'a>, ConsumerGroupMetadataValue);
    4 ConsumerGroupPartitionMetadata(ConsumerGroupPartitionMetadataKey<'a>, ConsumerGroupPartitionMetadataValue<'a>);
    5 ConsumerGroupMemberMetadata(ConsumerGroupMemberMetadataKey<'a>, ConsumerGroupMemberMetadataValue<'a>);
    6 ConsumerGroupTargetAssignmentMetadata(
        ConsumerGroupTargetAssignmentMetadataKey<'a>,
        ConsumerGroupTargetAssignmentMetadataValue
    );
    7 ConsumerGroupTargetAssignmentMember(
        ConsumerGroupTargetAssignmentMemberKey<'a>,
        ConsumerGroupTargetAssignmentMemberValue
    );
    8 ConsumerGroupCurrentMemberAssignment(
        ConsumerGroupCurrentMemberAssignmentKey<'a>,
        ConsumerGroupCurrentMemberAssignmentValue
    );
    10 ShareGroupMemberMetadata(ShareGroupMemberMetadataKey<'a>, ShareGroupMemberMetadataValue<'a>);
    11 ShareGroupMetadata(ShareGroupMetadataKey<'a>, ShareGroupMetadataValue);
    12 ShareGroupTargetAssignmentMetadata(
        ShareGroupTargetAssignmentMetadataKey<'a>,
        ShareGroupTargetAssignmentMetadataValue
    );
    13 ShareGroupTargetAssignmentMember(
        ShareGroupTargetAssignmentMemberKey<'a>,
        ShareGroupTargetAssignmentMemberValue
    );
    14 ShareGroupCurrentMemberAssignment(
        ShareGroupCurrentMemberAssignmentKey<'a>,
        ShareGroupCurrentMemberAssignmentValue
    );
    15 ShareGroupStatePartitionMetadata(
        ShareGroupStatePartitionMetadataKey<'a>,
        ShareGroupStatePartitionMetadataValue<'a>
    );
    16 ConsumerGroupRegularExpression(
        ConsumerGroupRegularExpressionKey<'a>,
        ConsumerGroupRegularExpressionValue<'a>
    );
    17 StreamsGroupMetadata(StreamsGroupMetadataKey<'a>, StreamsGroupMetadataValue<'a>);
    19 StreamsGroupMemberMetadata(StreamsGroupMemberMetadataKey<'a>, StreamsGroupMemberMetadataValue<'a>);
    20 StreamsGroupTargetAssignmentMetadata(
        StreamsGroupTargetAssignmentMetadataKey<'a>,
        StreamsGroupTargetAssignmentMetadataValue
    );
    21 StreamsGroupTargetAssignmentMember(
        StreamsGroupTargetAssignmentMemberKey<'a>,
        StreamsGroupTargetAssignmentMemberValue<'a>
    );
    22 StreamsGroupCurrentMemberAssignment(
        StreamsGroupCurrentMemberAssignmentKey<'a>,
        StreamsGroupCurrentMemberAssignmentValue<'a>
    );
    23 StreamsGroupTopology(StreamsGroupTopologyKey<'a>, StreamsGroupTopologyValue<'a>);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;
    use ottla_model::{Offset, PartitionIndex, Timestamp};

    fn commit() -> GroupRecord<'static> {
        GroupRecord::OffsetCommit(
            OffsetCommitKey {
                group: Str::Borrowed("g"),
                topic: Str::Borrowed("t"),
                partition: PartitionIndex(3),
            },
            Some(OffsetCommitValue {
                offset: Offset(7),
                metadata: Str::Borrowed("m"),
                commit_timestamp: Timestamp(9),
                ..Default::default()
            }),
        )
    }

    #[test]
    fn a_commit_is_written_as_kafka_writes_it() {
        let record = commit();
        let key = record.encode_key();
        assert_eq!(&key[..], b"\0\x01\0\x01g\0\x01t\0\0\0\x03");
        let value = record.encode_value(4).unwrap();
        assert_eq!(
            &value[..],
            b"\0\x04\0\0\0\0\0\0\0\x07\xff\xff\xff\xff\x02m\0\0\0\0\0\0\0\x09\0"
        );
        assert_eq!(
            GroupRecord::decode(&key, Some(&value)),
            Ok(Some(record.clone()))
        );
    }

    #[test]
    fn the_bodies_of_early_commits_lie_behind_a_type_of_their_own() {
        let key = b"\0\0\0\x01g\0\x01t\0\0\0\x03";
        let value = b"\0\0\0\0\0\0\0\0\0\x07\0\x01m\0\0\0\0\0\0\0\x09";
        let Ok(Some(GroupRecord::LegacyOffsetCommit(key, Some(value)))) =
            GroupRecord::decode(key, Some(value))
        else {
            panic!("a commit");
        };
        assert_eq!((&*key.group, value.offset), ("g", Offset(7)));
    }

    #[test]
    fn a_member_is_no_classic_one_only_if_its_record_says_so() {
        let value = |tags: &[u8]| [b"\0\0\x01\x01\x01\x01\x01\x01\0\0\0\0\x01", tags].concat();
        for (tags, classic) in [
            (&b"\0"[..], Some(ClassicMemberMetadata::default())),
            (b"\x01\0\x01\0", None),
            (
                b"\x01\0\x07\x01\0\0\0\x05\x01\0",
                Some(ClassicMemberMetadata {
                    session_timeout_ms: 5,
                    ..Default::default()
                }),
            ),
        ] {
            let value = value(tags);
            let read: ConsumerGroupMemberMetadataValue<'_> =
                version_prefix::decode(&value).unwrap();
            assert_eq!(read.classic_member_metadata, classic);
            assert_eq!(version_prefix::encode(&read, 0), value);
        }
    }

    #[test]
    fn what_is_left_behind_key_and_value_is_not_looked_at() {
        let record = commit();
        let key = [&record.encode_key()[..], b"more"].concat();
        let value = [&record.encode_value(4).unwrap()[..], b"more"].concat();
        assert_eq!(GroupRecord::decode(&key, Some(&value)), Ok(Some(record)));
    }

    #[test]
    fn an_unknown_type_is_passed_over_but_an_unknown_version_is_not() {
        for key in [[0, 9], [0, 18], [0, 24], [0xff, 0xff]] {
            assert_eq!(GroupRecord::decode(&key, Some(&[])), Ok(None));
        }
        let record = commit();
        for version in [-1i16, 5] {
            assert_eq!(
                GroupRecord::decode(&record.encode_key(), Some(&version.to_be_bytes())),
                Err(DecodeError::UnsupportedVersion {
                    message: "OffsetCommitValue",
                    version
                })
            );
        }
    }
}
