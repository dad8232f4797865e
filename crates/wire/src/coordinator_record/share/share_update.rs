//! What changed in the state of a share group in a partition since its snapshot.

use ottla_model::{LeaderEpoch, Offset, PartitionIndex, TopicId};

use super::state_batch::StateBatch;
use crate::{IntoOwned, Message, Str};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 1, versions = 0)]
pub struct ShareUpdateKey<'a> {
    pub group_id: Str<'a>,
    pub topic_id: TopicId,
    pub partition: PartitionIndex,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 1, versions = 0, flexible = 0..)]
pub struct ShareUpdateValue {
    /// That of the snapshot which this changes.
    pub snapshot_epoch: i32,
    pub leader_epoch: LeaderEpoch,
    /// -1 leaves it as it was.
    pub start_offset: Offset,
    /// -1 if it is unknown. KIP-1226.
    #[field(tag = 0, default = -1)]
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
}
