//! What the records of a partition of `__consumer_offsets` say.

use std::sync::Arc;

use imbl::OrdMap;
use ottla_coordinator::EncodedRecord;
use ottla_model::{PartitionIndex, ProducerId, Timestamp};
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;

use crate::classic::GROUP_METADATA_VERSION;
use crate::offsets::{CommittedOffset, Offsets};

/// The version of commits that say themselves when they expire, which no later one can.
const WITH_EXPIRY: i16 = 1;
/// The version that Kafka 4.3 writes otherwise.
const OFFSET_COMMIT: i16 = 4;

/// The groups of a partition, as far as they are written down. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub(crate) offsets: Offsets,
    pub(crate) groups: OrdMap<Arc<str>, Recorded>,
}

/// What is written down of a group besides its offsets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Recorded {
    /// Nothing: its consumers share the work by themselves.
    Simple,
    /// The last record of a classic group.
    Classic(Arc<GroupMetadataValue<'static>>),
}

impl State {
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    pub(crate) fn replay(&mut self, record: GroupRecord<'static>, producer: Option<ProducerId>) {
        match record {
            GroupRecord::LegacyOffsetCommit(key, value) => {
                let value = value.map(Into::into);
                self.replay_offset(&key.group, &key.topic, key.partition, value, producer);
            }
            GroupRecord::OffsetCommit(key, value) => {
                let value = value.map(Into::into);
                self.replay_offset(&key.group, &key.topic, key.partition, value, producer);
            }
            GroupRecord::GroupMetadata(key, value) => match value {
                Some(value) => {
                    let recorded = Recorded::Classic(Arc::new(value));
                    self.groups.insert(Arc::from(&*key.group), recorded);
                }
                None => {
                    self.groups.remove(&*key.group);
                }
            },
            _ => {}
        }
    }

    fn replay_offset(
        &mut self,
        group: &str,
        topic: &str,
        partition: PartitionIndex,
        value: Option<CommittedOffset>,
        producer: Option<ProducerId>,
    ) {
        let Some(value) = value else {
            self.offsets.remove(group, topic, partition);
            return;
        };
        let id = match self.groups.get_key_value(group) {
            Some((id, _)) => Arc::clone(id),
            None => {
                let id = Arc::<str>::from(group);
                self.groups.insert(Arc::clone(&id), Recorded::Simple);
                id
            }
        };
        self.offsets.put(&id, topic, partition, value, producer);
    }
}

/// The record in the version that Kafka 4.3 writes.
pub(crate) fn encode(record: &GroupRecord<'static>) -> EncodedRecord {
    let version = match record {
        GroupRecord::OffsetCommit(_, value) => {
            let expires = value
                .as_ref()
                .is_some_and(|value| value.expire_timestamp != Timestamp::NONE);
            if expires { WITH_EXPIRY } else { OFFSET_COMMIT }
        }
        GroupRecord::GroupMetadata(..) => GROUP_METADATA_VERSION,
        other => *other.versions().end(),
    };
    EncodedRecord {
        key: record.encode_key(),
        value: record.encode_value(version),
    }
}
