//! The records of the metadata log: what is known about the cluster, change by change.
//!
//! All of them are flexible, and have no key.

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
use crate::framed_record::{framed_records, read_frame, write_frame};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message};

framed_records! {
    /// Any record of the metadata log.
    MetadataRecord:
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
