//! What holds for every record of the system's own logs, whatever the bytes are.

mod composer;
mod record_composer;

use ottla_wire::control_record::ControlRecord;
use ottla_wire::coordinator_record::{GroupRecord, ShareRecord, TransactionRecord};
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::remote_log_record::RemoteLogRecord;
use ottla_wire::schema::Kind;
use proptest::prelude::*;
use record_composer::{ComposedRecord, KEYED, behind, compose_records};

/// Decoding must come back; what it says is its own affair.
fn decode_everywhere(key: &[u8], value: Option<&[u8]>) {
    let _ = GroupRecord::decode(key, value);
    let _ = TransactionRecord::decode(key, value);
    let _ = ShareRecord::decode(key, value);
    let value = value.unwrap_or_default();
    let _ = MetadataRecord::decode(value);
    let _ = RemoteLogRecord::decode(value);
    let _ = ControlRecord::decode(key, value);
}

#[test]
fn keys_and_values_stand_in_pairs_that_agree_on_their_type() {
    for (_, schemas, _) in KEYED {
        let mut types = Vec::new();
        let (pairs, rest) = schemas.as_chunks();
        assert!(rest.is_empty());
        for [key, value] in pairs {
            assert_eq!(
                (key.kind, value.kind),
                (Kind::CoordinatorKey, Kind::CoordinatorValue)
            );
            assert_eq!(key.key, value.key);
            assert_eq!((&key.valid, key.flexible_from), (&(0..=0), i16::MAX));
            types.push(key.key);
        }
        assert!(types.is_sorted_by(|a, b| a < b), "{types:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_record_is_read_and_written_again(choices in prop::collection::vec(any::<u8>(), 1..64)) {
        for ComposedRecord { log, recode, version, key, value } in compose_records(&choices, false) {
            if !key.is_empty() {
                prop_assert_eq!(recode(&key, None, version.number), Ok(Some((key.clone(), None))), "{}", log);
            }
            let again = recode(&key, Some(&value), version.number);
            prop_assert_eq!(again, Ok(Some((key, Some(value)))), "{} {:?}", log, version);
        }
    }

    #[test]
    fn a_damaged_record_is_a_record_or_an_error(
        choices in prop::collection::vec(any::<u8>(), 1..64),
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for ComposedRecord { recode, version, key, value, .. } in compose_records(&choices, true) {
            prop_assert!(recode(&key, Some(&value[..cut.index(value.len())]), version.number).is_err());
            if !key.is_empty() {
                prop_assert!(recode(&key[..cut.index(key.len())], Some(&value), version.number).is_err());
                let mut damaged = key.to_vec();
                damaged[position.index(key.len())] = byte;
                // It may be one of another type, so it is not written again.
                decode_everywhere(&damaged, Some(&value));
            }
            let mut damaged = value.to_vec();
            damaged[position.index(value.len())] = byte;
            decode_everywhere(&key, Some(&damaged));
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(
        key in prop::collection::vec(any::<u8>(), 0..64),
        value in prop::option::of(prop::collection::vec(any::<u8>(), 0..128)),
    ) {
        decode_everywhere(&key, value.as_deref());
        for kind in 0..32 {
            let key = behind(kind, &key);
            for version in 0..5 {
                let value = value.as_deref().map(|value| behind(version, value));
                decode_everywhere(&key, value.as_deref());
            }
        }
    }
}
