use ottla_model::PartitionIndex;

use crate::{IntoOwned, Message, Octets, Str, Struct};

/// What a member gets, in the assignment of its `SyncGroup` (14). All versions are alike.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0..=3)]
pub struct ConsumerProtocolAssignment<'a> {
    pub assigned_partitions: Vec<AssignedPartitions<'a>>,
    #[field(default = None)]
    pub user_data: Option<Octets<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct AssignedPartitions<'a> {
    pub topic: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}
