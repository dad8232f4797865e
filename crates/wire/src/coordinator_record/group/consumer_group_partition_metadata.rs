//! The topics that a consumer group subscribes to, as releases before 4.1 kept them; later ones keep a hash and delete this.

use ottla_model::{PartitionIndex, TopicId};

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 4, versions = 0)]
pub struct ConsumerGroupPartitionMetadataKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 4, versions = 0, flexible = 0..)]
pub struct ConsumerGroupPartitionMetadataValue<'a> {
    pub topics: Vec<TopicMetadata<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicMetadata<'a> {
    pub topic_id: TopicId,
    pub topic_name: Str<'a>,
    pub num_partitions: i32,
    pub partition_metadata: Vec<PartitionMetadata<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct PartitionMetadata<'a> {
    pub partition: PartitionIndex,
    pub racks: Vec<Str<'a>>,
}
