//! The records of `__remote_log_metadata`: which segments the remote tier holds (KIP-405).
//!
//! They are framed as those of the metadata log, and have no key.

mod partition_delete;
mod segment;
mod segment_id;
mod segment_snapshot;
mod segment_update;

pub use partition_delete::RemotePartitionDeleteMetadataRecord;
pub use segment::RemoteLogSegmentMetadataRecord;
pub use segment_id::{RemoteLogSegmentId, SegmentLeaderEpoch, TopicIdPartition};
pub use segment_snapshot::RemoteLogSegmentMetadataSnapshotRecord;
pub use segment_update::RemoteLogSegmentMetadataUpdateRecord;

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, Reader, Writer};
use crate::framed_record::{framed_records, read_frame, write_frame};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message};

framed_records! {
    /// Any record of `__remote_log_metadata`, and of the files that brokers keep of it.
    RemoteLogRecord:
    0 Segment(RemoteLogSegmentMetadataRecord<'a>);
    1 SegmentUpdate(RemoteLogSegmentMetadataUpdateRecord<'a>);
    2 PartitionDelete(RemotePartitionDeleteMetadataRecord<'a>);
    3 SegmentSnapshot(RemoteLogSegmentMetadataSnapshotRecord<'a>);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;
    use ottla_model::{NodeId, PartitionIndex, Timestamp, TopicId, Uuid};

    #[test]
    fn a_record_is_framed_as_those_of_the_metadata_log() {
        let record = RemoteLogRecord::from(RemotePartitionDeleteMetadataRecord {
            topic_id_partition: TopicIdPartition {
                name: Str::Borrowed("t"),
                id: TopicId(Uuid::from_u128(7)),
                partition: PartitionIndex(3),
            },
            broker_id: NodeId(1),
            event_timestamp_ms: Timestamp(9),
            remote_partition_delete_state: 2,
        });
        let value = record.encode(0);
        assert_eq!(
            &value[..],
            b"\x01\x02\0\x02t\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07\0\0\0\x03\0\0\0\0\x01\0\0\0\0\0\0\0\x09\x02\0"
        );
        assert_eq!(RemoteLogRecord::decode(&value), Ok(record));
    }
}
