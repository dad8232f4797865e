//! The whole state of a share group in a partition.

use ottla_model::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use super::state_batch::StateBatch;
use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 0, versions = 0)]
pub struct ShareSnapshotKey<'a> {
    pub group_id: Str<'a>,
    pub topic_id: TopicId,
    pub partition: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 0, versions = 0, flexible = 0..)]
pub struct ShareSnapshotValue {
    pub snapshot_epoch: i32,
    pub state_epoch: i32,
    pub leader_epoch: LeaderEpoch,
    pub start_offset: Offset,
    /// -1 if it is unknown. KIP-1226.
    #[field(tag = 0, default = -1)]
    pub delivery_complete_count: i32,
    pub create_timestamp: Timestamp,
    pub write_timestamp: Timestamp,
    pub state_batches: Vec<StateBatch>,
}
