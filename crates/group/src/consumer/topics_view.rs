//! What consumer groups see of the cluster's topics.

use ottla_model::{PartitionIndex, TopicId};

/// The topics of one metadata image.
pub trait TopicsView {
    fn id(&self, name: &str) -> Option<TopicId>;

    fn name(&self, id: TopicId) -> Option<&str>;

    /// Partitions count from 0; `None` where there is no such topic.
    fn partition_count(&self, id: TopicId) -> Option<i32>;

    /// The racks of the brokers that have a replica of the partition, one for each that names its rack, in any order.
    fn racks(&self, id: TopicId, partition: PartitionIndex) -> Vec<&str>;

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// Of the image: rises with every change.
    fn version(&self) -> i64;

    /// Of the image that brought the newest topic, or of the first one that was seen.
    fn version_with_new_topics(&self) -> i64;
}
