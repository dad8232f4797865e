use ottla_model::{NodeId, Timestamp};

use super::segment_id::RemoteLogSegmentId;
use crate::{IntoOwned, Message, Octets};

/// A segment came into its next state.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 1, versions = 0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataUpdateRecord<'a> {
    pub remote_log_segment_id: RemoteLogSegmentId<'a>,
    pub broker_id: NodeId,
    pub event_timestamp_ms: Timestamp,
    #[field(default = None)]
    pub custom_metadata: Option<Octets<'a>>,
    pub remote_log_segment_state: i8,
}
