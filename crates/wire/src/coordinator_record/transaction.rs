//! `__transaction_state`: the transactional ids.

pub mod transaction_log;

use std::ops::RangeInclusive;

use bytes::Bytes;

use transaction_log::{TransactionLogKey, TransactionLogValue};

use super::{KEY_VERSION, coordinator_records};
use crate::codec::{DecodeError, Reader, Writer};
use crate::schema::MessageSchema;
use crate::{IntoOwned, Message, version_prefix};

coordinator_records! {
    /// Any record of `__transaction_state`.
    TransactionRecord:
    0 TransactionLog(TransactionLogKey<'a>, TransactionLogValue<'a>);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;
    use ottla_model::{ProducerEpoch, ProducerId};

    #[test]
    fn only_version_1_knows_the_next_producer() {
        let record = TransactionRecord::TransactionLog(
            TransactionLogKey {
                transactional_id: Str::Borrowed("x"),
            },
            Some(TransactionLogValue {
                producer_id: ProducerId(4),
                producer_epoch: ProducerEpoch(2),
                next_producer_id: ProducerId(5),
                ..Default::default()
            }),
        );
        let key = record.encode_key();
        assert_eq!(&key[..], b"\0\0\0\x01x");
        assert_eq!(record.lost_by(0), Some("next_producer_id"));
        assert_eq!(record.lost_by(1), None);
        let value = record.encode_value(1);
        assert_eq!(
            TransactionRecord::decode(&key, value.as_deref()),
            Ok(Some(record.clone()))
        );
    }

    #[test]
    fn a_record_without_value_is_a_tombstone() {
        let key = b"\0\0\0\x01x";
        let Ok(Some(tombstone)) = TransactionRecord::decode(key, None) else {
            panic!("a tombstone");
        };
        assert_eq!(&tombstone.encode_key()[..], key);
        assert_eq!(tombstone.encode_value(0), None);
        assert_eq!(tombstone.lost_by(0), None);
    }
}
