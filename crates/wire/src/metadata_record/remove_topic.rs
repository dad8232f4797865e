use ottla_model::TopicId;

use crate::{IntoOwned, Message};

/// A topic is gone, with its partitions and configs.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 9, versions = 0, flexible = 0..)]
pub struct RemoveTopicRecord {
    pub topic_id: TopicId,
}
