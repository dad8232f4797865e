use ottla_model::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId, Uuid};

use crate::{IntoOwned, Message};

/// The whole state of a partition.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 3, versions = 0..=2, flexible = 0..)]
pub struct PartitionRecord {
    #[field(default = PartitionIndex(-1))]
    pub partition_id: PartitionIndex,
    pub topic_id: TopicId,
    pub replicas: Vec<NodeId>,
    pub isr: Vec<NodeId>,
    pub removing_replicas: Vec<NodeId>,
    pub adding_replicas: Vec<NodeId>,
    #[field(default = NodeId::NONE)]
    pub leader: NodeId,
    #[field(tag = 0)]
    pub leader_recovery_state: i8,
    #[field(default = LeaderEpoch::NONE)]
    pub leader_epoch: LeaderEpoch,
    #[field(default = PartitionEpoch::NONE)]
    pub partition_epoch: PartitionEpoch,
    /// KIP-858.
    #[field(versions = 1..)]
    pub directories: Vec<Uuid>,
    /// KIP-966.
    #[field(versions = 2.., tag = 1, default = None)]
    pub eligible_leader_replicas: Option<Vec<NodeId>>,
    /// KIP-966.
    #[field(versions = 2.., tag = 2, default = None)]
    pub last_known_elr: Option<Vec<NodeId>>,
}
