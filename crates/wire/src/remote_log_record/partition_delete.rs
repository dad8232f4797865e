use ottla_model::{NodeId, Timestamp};

use super::segment_id::TopicIdPartition;
use crate::{IntoOwned, Message};

/// All segments of a partition are to go, or are gone.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 2, versions = 0, flexible = 0..)]
pub struct RemotePartitionDeleteMetadataRecord<'a> {
    pub topic_id_partition: TopicIdPartition<'a>,
    pub broker_id: NodeId,
    pub event_timestamp_ms: Timestamp,
    pub remote_partition_delete_state: i8,
}
