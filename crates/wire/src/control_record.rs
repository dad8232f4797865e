//! The records of control batches: the ends of transactions in the logs of topics, and what the quorum keeps in the metadata log.
//!
//! The key is a version and a type; one of a later version only adds to that, as does the end of a transaction. The value of a quorum's record is its body alone, whose first field is its version;
//! the value of a transaction's end has the version in front.

mod end_txn_marker;
mod kraft_version;
mod leader_change;
mod snapshot;
mod type_schema;
mod voters;

pub use end_txn_marker::EndTxnMarker;
pub use kraft_version::KRaftVersionRecord;
pub use leader_change::{LeaderChangeMessage, LeaderChangeVoter};
pub use snapshot::{SnapshotFooterRecord, SnapshotHeaderRecord};
pub use type_schema::ControlRecordTypeSchema;
pub use voters::{Endpoint, KRaftVersionFeature, Voter, VotersRecord};

use bytes::Bytes;

use crate::codec::{DecodeError, Reader, Writer};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message, version_prefix};

/// Any record of a control batch.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlRecord<'a> {
    Abort(EndTxnMarker),
    Commit(EndTxnMarker),
    LeaderChange(LeaderChangeMessage),
    SnapshotHeader(SnapshotHeaderRecord),
    SnapshotFooter(SnapshotFooterRecord),
    KRaftVersion(KRaftVersionRecord),
    KRaftVoters(VotersRecord<'a>),
}

impl<'a> ControlRecord<'a> {
    /// The tables of all of them.
    pub const SCHEMAS: &'static [MessageSchema] = &[
        ControlRecordTypeSchema::SCHEMA,
        EndTxnMarker::SCHEMA,
        LeaderChangeMessage::SCHEMA,
        SnapshotHeaderRecord::SCHEMA,
        SnapshotFooterRecord::SCHEMA,
        KRaftVersionRecord::SCHEMA,
        VotersRecord::SCHEMA,
    ];

    /// The number that the key carries.
    #[must_use]
    pub const fn type_code(&self) -> i16 {
        match self {
            Self::Abort(_) => 0,
            Self::Commit(_) => 1,
            Self::LeaderChange(_) => 2,
            Self::SnapshotHeader(_) => 3,
            Self::SnapshotFooter(_) => 4,
            Self::KRaftVersion(_) => 5,
            Self::KRaftVoters(_) => 6,
        }
    }

    /// `None` for a type of a later release, which is to be passed over.
    pub fn decode(key: &[u8], value: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        let key: ControlRecordTypeSchema = version_prefix::decode_at_most_newest(key)?;
        Ok(Some(match key.r#type {
            0 => Self::Abort(version_prefix::decode_at_most_newest(value)?),
            1 => Self::Commit(version_prefix::decode_at_most_newest(value)?),
            2 => Self::LeaderChange(decode_quorum(value)?),
            3 => Self::SnapshotHeader(decode_quorum(value)?),
            4 => Self::SnapshotFooter(decode_quorum(value)?),
            5 => Self::KRaftVersion(decode_quorum(value)?),
            6 => Self::KRaftVoters(decode_quorum(value)?),
            _ => return Ok(None),
        }))
    }

    #[must_use]
    pub fn encode_key(&self) -> Bytes {
        let key = ControlRecordTypeSchema {
            r#type: self.type_code(),
        };
        version_prefix::encode(&key, *ControlRecordTypeSchema::VALID.end())
    }

    /// The version that a quorum's record is written in is the one its first field names.
    #[must_use]
    pub fn encode_value(&self) -> Bytes {
        let mut writer = Writer::with_capacity(64);
        match self {
            Self::Abort(marker) | Self::Commit(marker) => {
                return version_prefix::encode(marker, *EndTxnMarker::VALID.end());
            }
            Self::LeaderChange(record) => record.encode(&mut writer, record.version),
            Self::SnapshotHeader(record) => record.encode(&mut writer, record.version),
            Self::SnapshotFooter(record) => record.encode(&mut writer, record.version),
            Self::KRaftVersion(record) => record.encode(&mut writer, record.version),
            Self::KRaftVoters(record) => record.encode(&mut writer, record.version),
        }
        writer.into_bytes()
    }

    /// The record with everything borrowed copied.
    #[must_use]
    pub fn into_owned(self) -> ControlRecord<'static> {
        match self {
            Self::Abort(marker) => ControlRecord::Abort(marker),
            Self::Commit(marker) => ControlRecord::Commit(marker),
            Self::LeaderChange(record) => ControlRecord::LeaderChange(record),
            Self::SnapshotHeader(record) => ControlRecord::SnapshotHeader(record),
            Self::SnapshotFooter(record) => ControlRecord::SnapshotFooter(record),
            Self::KRaftVersion(record) => ControlRecord::KRaftVersion(record),
            Self::KRaftVoters(record) => ControlRecord::KRaftVoters(record.into_owned()),
        }
    }
}

fn decode_quorum<'a, T: Message<'a>>(value: &'a [u8]) -> Result<T, DecodeError> {
    let version = Reader::new(value).i16()?;
    let mut reader = Reader::new(value);
    let record = T::decode(&mut reader, version)?;
    reader.finish()?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_model::NodeId;

    #[test]
    fn the_end_of_a_transaction_takes_six_bytes() {
        let commit = ControlRecord::Commit(EndTxnMarker {
            coordinator_epoch: 5,
        });
        assert_eq!(&commit.encode_key()[..], [0, 0, 0, 1]);
        assert_eq!(&commit.encode_value()[..], [0, 0, 0, 0, 0, 5]);
        assert_eq!(
            ControlRecord::decode(&commit.encode_key(), &commit.encode_value()),
            Ok(Some(commit.clone()))
        );
    }

    #[test]
    fn a_record_of_the_quorum_begins_with_its_version() {
        let record = ControlRecord::LeaderChange(LeaderChangeMessage {
            leader_id: NodeId(1),
            voters: vec![LeaderChangeVoter {
                voter_id: NodeId(1),
                ..Default::default()
            }],
            ..Default::default()
        });
        let value = record.encode_value();
        assert_eq!(&value[..], [0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0, 1, 0]);
        assert_eq!(
            ControlRecord::decode(&record.encode_key(), &value),
            Ok(Some(record.clone()))
        );
    }

    #[test]
    fn a_type_of_a_later_release_is_passed_over() {
        assert_eq!(ControlRecord::decode(&[0, 0, 0, 7], &[]), Ok(None));
    }
}
