use ottla_model::{NodeId, Offset, Timestamp};

use super::segment_id::{RemoteLogSegmentId, SegmentLeaderEpoch};
use crate::{IntoOwned, Message, Octets};

/// A segment is being copied, or was.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 0, versions = 0, flexible = 0..)]
pub struct RemoteLogSegmentMetadataRecord<'a> {
    pub remote_log_segment_id: RemoteLogSegmentId<'a>,
    pub start_offset: Offset,
    /// That of the last record, not the one behind it.
    pub end_offset: Offset,
    pub broker_id: NodeId,
    pub max_timestamp_ms: Timestamp,
    pub event_timestamp_ms: Timestamp,
    pub segment_leader_epochs: Vec<SegmentLeaderEpoch>,
    pub segment_size_in_bytes: i32,
    #[field(default = None)]
    pub custom_metadata: Option<Octets<'a>>,
    pub remote_log_segment_state: i8,
    /// Whether no transaction was aborted in it, and there is no index of those.
    #[field(tag = 0)]
    pub txn_index_empty: bool,
}
