//! What holds for every record of the system's own logs, whatever the bytes are.

mod composer;

use bytes::{BufMut, Bytes, BytesMut};
use composer::compose;
use ottla_wire::codec::Version;
use ottla_wire::coordinator_record::{GroupRecord, ShareRecord, TransactionRecord};
use ottla_wire::remote_log_record::RemoteLogRecord;
use ottla_wire::schema::{Kind, MessageSchema};
use ottla_wire::{DecodeError, Writer};
use proptest::prelude::*;

/// Reads a record and writes it again with its value in a version.
type Recode = fn(&[u8], Option<&[u8]>, i16) -> Result<Option<Recoded>, DecodeError>;
type Recoded = (Bytes, Option<Bytes>);

macro_rules! log_of {
    ($record:ident) => {
        (
            $record::SCHEMAS,
            (|key, value, version| {
                let record = $record::decode(key, value)?.map($record::into_owned);
                Ok(record.map(|record| (record.encode_key(), record.encode_value(version))))
            }) as Recode,
        )
    };
}

/// The logs of the coordinators.
fn logs() -> [(&'static [MessageSchema], Recode); 3] {
    [
        log_of!(GroupRecord),
        log_of!(TransactionRecord),
        log_of!(ShareRecord),
    ]
}

/// Every type of record in every version of its value, with the bytes of a key and a value from the tables alone.
fn records(choices: &[u8]) -> impl Iterator<Item = (Recode, Version, Bytes, Bytes)> {
    logs().into_iter().flat_map(move |(schemas, recode)| {
        let (pairs, _) = schemas.as_chunks();
        pairs.iter().flat_map(move |[key, value]| {
            let only = key.versions().next().expect("a key has a version");
            let key_bytes = behind(
                key.key.expect("its type"),
                &compose(key, only, choices, false),
            );
            value.versions().map(move |version| {
                let body = compose(value, version, choices, false);
                (
                    recode,
                    version,
                    key_bytes.clone(),
                    behind(version.number, &body),
                )
            })
        })
    })
}

fn behind(number: i16, body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(number);
    bytes.put(body);
    bytes.freeze()
}

/// Decoding must come back; what it says is its own affair.
fn decode_everywhere(key: &[u8], value: Option<&[u8]>) {
    let _ = GroupRecord::decode(key, value);
    let _ = TransactionRecord::decode(key, value);
    let _ = ShareRecord::decode(key, value);
}

#[test]
fn keys_and_values_stand_in_pairs_that_agree_on_their_type() {
    for (schemas, _) in logs() {
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
    fn a_record_of_a_coordinator_is_read_and_written_again(choices in prop::collection::vec(any::<u8>(), 1..64)) {
        for (recode, version, key, value) in records(&choices) {
            prop_assert_eq!(recode(&key, None, version.number), Ok(Some((key.clone(), None))));
            let again = recode(&key, Some(&value), version.number);
            prop_assert_eq!(again, Ok(Some((key, Some(value)))));
        }
    }

    #[test]
    fn a_damaged_record_of_a_coordinator_is_a_record_or_an_error(
        choices in prop::collection::vec(any::<u8>(), 1..64),
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for (recode, version, key, value) in records(&choices) {
            prop_assert!(recode(&key[..cut.index(key.len())], Some(&value), version.number).is_err());
            prop_assert!(recode(&key, Some(&value[..cut.index(value.len())]), version.number).is_err());
            let (mut key, mut value) = (key.to_vec(), value.to_vec());
            let (in_key, in_value) = (position.index(key.len()), position.index(value.len()));
            key[in_key] = byte;
            value[in_value] = byte;
            // Whether it still is one depends on the byte. It may be one of another type, so it is not written again.
            decode_everywhere(&key, Some(&value));
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(
        key in prop::collection::vec(any::<u8>(), 0..64),
        value in prop::option::of(prop::collection::vec(any::<u8>(), 0..128)),
    ) {
        for kind in 0..32 {
            let key = behind(kind, &key);
            decode_everywhere(&key, value.as_deref());
        }
        let _ = RemoteLogRecord::decode(&key);
    }

    #[test]
    fn a_record_of_the_remote_log_is_read_and_written_again(choices in prop::collection::vec(any::<u8>(), 1..64)) {
        for schema in RemoteLogRecord::SCHEMAS {
            for version in schema.versions() {
                let mut frame = Writer::new();
                frame.uvarint(1);
                frame.uvarint(u32::from(schema.key.expect("its id").unsigned_abs()));
                frame.uvarint(u32::from(version.number.unsigned_abs()));
                frame.raw(&compose(schema, version, &choices, false));
                let bytes = frame.into_bytes();
                let record = RemoteLogRecord::decode(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(record.into_owned().encode(version.number), bytes);
            }
        }
    }
}
