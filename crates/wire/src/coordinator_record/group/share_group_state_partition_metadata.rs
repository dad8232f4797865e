//! How far the share coordinator knows the partitions of a share group.

use ottla_model::{PartitionIndex, TopicId};

use crate::{IntoOwned, Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_key = 15, versions = 0)]
pub struct ShareGroupStatePartitionMetadataKey<'a> {
    pub group_id: Str<'a>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(coordinator_value = 15, versions = 0, flexible = 0..)]
pub struct ShareGroupStatePartitionMetadataValue<'a> {
    pub initializing_topics: Vec<TopicPartitionsInfo<'a>>,
    pub initialized_topics: Vec<TopicPartitionsInfo<'a>>,
    pub deleting_topics: Vec<TopicInfo<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicPartitionsInfo<'a> {
    pub topic_id: TopicId,
    pub topic_name: Str<'a>,
    pub partitions: Vec<PartitionIndex>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicInfo<'a> {
    pub topic_id: TopicId,
    pub topic_name: Str<'a>,
}
