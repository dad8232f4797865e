//! The records of the metadata log: what is known about the cluster, change by change.
//!
//! The value of a record is a frame version, the record's id and its version, each an unsigned varint, then the body.
//! All of them are flexible.

mod abort_transaction;
mod access_control_entry;
mod begin_transaction;
mod broker_registration_change;
mod clear_elr;
mod client_quota;
mod config;
mod delegation_token;
mod end_transaction;
mod feature_level;
mod fence_broker;
mod no_op;
mod partition;
mod partition_change;
mod producer_ids;
mod register_broker;
mod register_controller;
mod remove_access_control_entry;
mod remove_delegation_token;
mod remove_topic;
mod remove_user_scram_credential;
mod topic;
mod unfence_broker;
mod unregister_broker;
mod user_scram_credential;
mod zk_migration_state;

pub use abort_transaction::AbortTransactionRecord;
pub use access_control_entry::AccessControlEntryRecord;
pub use begin_transaction::BeginTransactionRecord;
pub use broker_registration_change::BrokerRegistrationChangeRecord;
pub use clear_elr::ClearElrRecord;
pub use client_quota::{ClientQuotaRecord, EntityData};
pub use config::ConfigRecord;
pub use delegation_token::DelegationTokenRecord;
pub use end_transaction::EndTransactionRecord;
pub use feature_level::FeatureLevelRecord;
pub use fence_broker::FenceBrokerRecord;
pub use no_op::NoOpRecord;
pub use partition::PartitionRecord;
pub use partition_change::PartitionChangeRecord;
pub use producer_ids::ProducerIdsRecord;
pub use register_broker::{BrokerEndpoint, BrokerFeature, RegisterBrokerRecord};
pub use register_controller::{ControllerEndpoint, ControllerFeature, RegisterControllerRecord};
pub use remove_access_control_entry::RemoveAccessControlEntryRecord;
pub use remove_delegation_token::RemoveDelegationTokenRecord;
pub use remove_topic::RemoveTopicRecord;
pub use remove_user_scram_credential::RemoveUserScramCredentialRecord;
pub use topic::TopicRecord;
pub use unfence_broker::UnfenceBrokerRecord;
pub use unregister_broker::UnregisterBrokerRecord;
pub use user_scram_credential::UserScramCredentialRecord;
pub use zk_migration_state::ZkMigrationStateRecord;

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, Reader, Writer};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message};

const FRAME_VERSION: u32 = 1;

macro_rules! metadata_records {
    ($($id:literal $variant:ident($record:ty);)*) => {
        /// Any record of the metadata log.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MetadataRecord<'a> {
            $($variant($record),)*
        }

        impl<'a> MetadataRecord<'a> {
            /// The tables of all of them, ascending by id.
            pub const SCHEMAS: &'static [MessageSchema] = &[$(<$record>::SCHEMA),*];

            /// The number by which the log names the type of the record.
            #[must_use]
            pub const fn id(&self) -> u16 {
                match self { $(Self::$variant(_) => {
                    const { assert!(matches!(<$record>::KEY, Some($id)), "the declaration names another id") };
                    $id
                })* }
            }

            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$record>::NAME,)* }
            }

            /// The versions in which it can be written.
            #[must_use]
            pub const fn versions(&self) -> RangeInclusive<i16> {
                match self { $(Self::$variant(_) => <$record>::VALID,)* }
            }

            /// The first field whose value would be lost in `version`: see [`Message::lost_by`].
            #[must_use]
            pub fn lost_by(&self, version: i16) -> Option<&'static str> {
                match self { $(Self::$variant(record) => record.lost_by(version),)* }
            }

            fn decode_body(id: u32, reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
                match id {
                    $($id => Message::decode(reader, version).map(Self::$variant),)*
                    _ => Err(DecodeError::UnknownType(id)),
                }
            }

            fn encode_body(&self, writer: &mut Writer, version: i16) {
                match self { $(Self::$variant(record) => record.encode(writer, version),)* }
            }
        }

        impl IntoOwned for MetadataRecord<'_> {
            type Owned = MetadataRecord<'static>;

            fn into_owned(self) -> Self::Owned {
                match self { $(Self::$variant(record) => MetadataRecord::$variant(record.into_owned()),)* }
            }
        }

        $(impl<'a> From<$record> for MetadataRecord<'a> {
            fn from(record: $record) -> Self {
                Self::$variant(record)
            }
        })*
    };
}

metadata_records! {
    0 RegisterBroker(RegisterBrokerRecord<'a>);
    1 UnregisterBroker(UnregisterBrokerRecord);
    2 Topic(TopicRecord<'a>);
    3 Partition(PartitionRecord);
    4 Config(ConfigRecord<'a>);
    5 PartitionChange(PartitionChangeRecord);
    7 FenceBroker(FenceBrokerRecord);
    8 UnfenceBroker(UnfenceBrokerRecord);
    9 RemoveTopic(RemoveTopicRecord);
    10 DelegationToken(DelegationTokenRecord<'a>);
    11 UserScramCredential(UserScramCredentialRecord<'a>);
    12 FeatureLevel(FeatureLevelRecord<'a>);
    14 ClientQuota(ClientQuotaRecord<'a>);
    15 ProducerIds(ProducerIdsRecord);
    17 BrokerRegistrationChange(BrokerRegistrationChangeRecord);
    18 AccessControlEntry(AccessControlEntryRecord<'a>);
    19 RemoveAccessControlEntry(RemoveAccessControlEntryRecord);
    20 NoOp(NoOpRecord);
    21 ZkMigrationState(ZkMigrationStateRecord);
    22 RemoveUserScramCredential(RemoveUserScramCredentialRecord<'a>);
    23 BeginTransaction(BeginTransactionRecord<'a>);
    24 EndTransaction(EndTransactionRecord);
    25 AbortTransaction(AbortTransactionRecord<'a>);
    26 RemoveDelegationToken(RemoveDelegationTokenRecord<'a>);
    27 RegisterController(RegisterControllerRecord<'a>);
    28 ClearElr(ClearElrRecord<'a>);
}

impl<'a> MetadataRecord<'a> {
    /// Reads the value of a record of the metadata log.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(value);
        let frame_version = reader.uvarint()?;
        if frame_version != FRAME_VERSION {
            return Err(DecodeError::FrameVersion(frame_version));
        }
        let id = reader.uvarint()?;
        // A version beyond 16 bits is as unknown as the highest.
        let version = i16::try_from(reader.uvarint()?).unwrap_or(i16::MAX);
        let record = Self::decode_body(id, &mut reader, version)?;
        reader.finish()?;
        Ok(record)
    }

    /// The value of a record of the metadata log. `version` is one of [`MetadataRecord::versions`].
    #[must_use]
    pub fn encode(&self, version: i16) -> Bytes {
        let mut writer = Writer::with_capacity(64);
        writer.uvarint(FRAME_VERSION);
        writer.uvarint(u32::from(self.id()));
        writer.uvarint(u32::from(version.unsigned_abs()));
        self.encode_body(&mut writer, version);
        writer.into_bytes()
    }

    /// The record with everything borrowed copied.
    #[must_use]
    pub fn into_owned(self) -> MetadataRecord<'static> {
        IntoOwned::into_owned(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;
    use ottla_model::{NodeId, PartitionIndex, TopicId, Uuid};

    #[test]
    fn a_record_is_framed_by_its_id_and_version() {
        let record = MetadataRecord::from(FeatureLevelRecord {
            name: Str::Borrowed("group.version"),
            feature_level: 1,
        });
        let value = record.encode(0);
        assert_eq!(&value[..], b"\x01\x0c\x00\x0egroup.version\x00\x01\x00");
        assert_eq!(MetadataRecord::decode(&value), Ok(record));
    }

    #[test]
    fn a_change_carries_only_what_changed() {
        let record = MetadataRecord::from(PartitionChangeRecord {
            partition_id: PartitionIndex(3),
            topic_id: TopicId(Uuid::from_u128(7)),
            leader: NodeId(2),
            ..Default::default()
        });
        let value = record.encode(2);
        assert_eq!(value.len(), 3 + 4 + 16 + 1 + 2 + 4);
        assert_eq!(MetadataRecord::decode(&value), Ok(record));
    }

    #[test]
    fn a_version_without_directories_would_lose_them() {
        let mut record = PartitionRecord::default();
        assert_eq!(MetadataRecord::from(record.clone()).lost_by(0), None);
        record.directories = vec![Uuid::from_u128(1)];
        let record = MetadataRecord::from(record);
        assert_eq!(record.lost_by(0), Some("directories"));
        assert_eq!(record.lost_by(1), None);
    }

    #[test]
    fn what_is_unknown_or_left_over_is_refused() {
        assert_eq!(
            MetadataRecord::decode(&[2, 20, 0, 0]),
            Err(DecodeError::FrameVersion(2))
        );
        assert_eq!(
            MetadataRecord::decode(&[1, 6, 0, 0]),
            Err(DecodeError::UnknownType(6))
        );
        assert_eq!(
            MetadataRecord::decode(&[1, 20, 1, 0]),
            Err(DecodeError::UnsupportedVersion {
                message: "NoOpRecord",
                version: 1
            })
        );
        assert_eq!(
            MetadataRecord::decode(&[1, 20, 0, 0, 9]),
            Err(DecodeError::TrailingBytes(1))
        );
    }
}
