use ottla_model::{LeaderEpoch, Offset, PartitionIndex, TopicId, Uuid};

use crate::{IntoOwned, Str, Struct};

/// A segment of a partition that was copied to the remote tier.
#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct RemoteLogSegmentId<'a> {
    pub topic_id_partition: TopicIdPartition<'a>,
    pub id: Uuid,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicIdPartition<'a> {
    pub name: Str<'a>,
    pub id: TopicId,
    pub partition: PartitionIndex,
}

/// Where in the segment, or before it, the epoch of a leader begins.
#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct SegmentLeaderEpoch {
    pub leader_epoch: LeaderEpoch,
    pub offset: Offset,
}
