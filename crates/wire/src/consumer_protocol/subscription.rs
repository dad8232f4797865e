use ottla_model::PartitionIndex;

use crate::{IntoOwned, Message, Octets, Str, Struct};

/// What a member wants, in the metadata of its `JoinGroup` (11).
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0..=3)]
pub struct ConsumerProtocolSubscription<'a> {
    pub topics: Vec<Str<'a>>,
    #[field(default = None)]
    pub user_data: Option<Octets<'a>>,
    /// KIP-429.
    #[field(versions = 1.., ignorable)]
    pub owned_partitions: Vec<OwnedPartitions<'a>>,
    /// KIP-792.
    #[field(versions = 2.., default = -1, ignorable)]
    pub generation_id: i32,
    /// KIP-881.
    #[field(versions = 3.., default = None, ignorable)]
    pub rack_id: Option<Str<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct OwnedPartitions<'a> {
    #[field(versions = 1..)]
    pub topic: Str<'a>,
    #[field(versions = 1..)]
    pub partitions: Vec<PartitionIndex>,
}
