//! Partitions of a topic, as several assignments name them.

use ottla_model::{PartitionIndex, TopicId};

use crate::{IntoOwned, Struct};

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct TopicPartitions {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionIndex>,
}
