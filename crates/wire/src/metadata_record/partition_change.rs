use ottla_model::{NodeId, PartitionIndex, TopicId, Uuid};

use crate::{IntoOwned, Message};

/// What changes of a partition: tags are present for what is new.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 5, versions = 0..=2, flexible = 0..)]
pub struct PartitionChangeRecord {
    #[field(default = PartitionIndex(-1))]
    pub partition_id: PartitionIndex,
    pub topic_id: TopicId,
    #[field(tag = 0, default = None)]
    pub isr: Option<Vec<NodeId>>,
    #[field(tag = 1, default = NodeId(-2))]
    pub leader: NodeId,
    #[field(tag = 2, default = None)]
    pub replicas: Option<Vec<NodeId>>,
    #[field(tag = 3, default = None)]
    pub removing_replicas: Option<Vec<NodeId>>,
    #[field(tag = 4, default = None)]
    pub adding_replicas: Option<Vec<NodeId>>,
    #[field(tag = 5, default = -1)]
    pub leader_recovery_state: i8,
    /// KIP-858.
    #[field(versions = 1.., tag = 8, default = None)]
    pub directories: Option<Vec<Uuid>>,
    /// KIP-966.
    #[field(versions = 2.., tag = 6, default = None)]
    pub eligible_leader_replicas: Option<Vec<NodeId>>,
    /// KIP-966.
    #[field(versions = 2.., tag = 7, default = None)]
    pub last_known_elr: Option<Vec<NodeId>>,
}
