//! Records of the system's own logs, made from the tables of their keys and values and the framing of each log.

use bytes::{BufMut, Bytes, BytesMut};
use ottla_wire::codec::{Version, Writer};
use ottla_wire::coordinator_record::{GroupRecord, ShareRecord, TransactionRecord};
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::remote_log_record::RemoteLogRecord;
use ottla_wire::schema::MessageSchema;
use ottla_wire::{DecodeError, IntoOwned};

use crate::composer::compose;

/// The key, empty in a log without keys, and the value, which a tombstone lacks.
pub(crate) type KeyAndValue = (Bytes, Option<Bytes>);

/// Reads a record and writes it again, with its value in a version.
pub(crate) type Recode = fn(&[u8], Option<&[u8]>, i16) -> Result<Option<KeyAndValue>, DecodeError>;

pub(crate) struct ComposedRecord {
    pub(crate) log: &'static str,
    pub(crate) recode: Recode,
    pub(crate) version: Version,
    pub(crate) key: Bytes,
    pub(crate) value: Bytes,
}

type Log = (&'static str, &'static [MessageSchema], Recode);

macro_rules! keyed_log {
    ($record:ident) => {
        (
            stringify!($record),
            $record::SCHEMAS,
            (|key, value, version| {
                let record = $record::decode(key, value)?.map(IntoOwned::into_owned);
                Ok(record.map(|record| (record.encode_key(), record.encode_value(version))))
            }) as Recode,
        )
    };
}

macro_rules! framed_log {
    ($record:ident) => {
        (
            stringify!($record),
            $record::SCHEMAS,
            (|_, value, version| {
                let record = $record::decode(value.unwrap_or_default())?.into_owned();
                Ok(Some((Bytes::new(), Some(record.encode(version)))))
            }) as Recode,
        )
    };
}

/// The logs of the coordinators.
pub(crate) const KEYED: [Log; 3] = [
    keyed_log!(GroupRecord),
    keyed_log!(TransactionRecord),
    keyed_log!(ShareRecord),
];

/// The logs whose values say themselves what they are.
const FRAMED: [Log; 2] = [framed_log!(MetadataRecord), framed_log!(RemoteLogRecord)];

/// Every type of record of every log, in every version of its value.
pub(crate) fn compose_records(choices: &[u8], with_tags: bool) -> Vec<ComposedRecord> {
    let mut records = Vec::new();
    for (log, schemas, recode) in KEYED {
        let (pairs, _) = schemas.as_chunks();
        for [key, value] in pairs {
            let key_version = key.versions().next().expect("a key has a version");
            let key_type = key.key.expect("a key names its type");
            let key = behind(key_type, &compose(key, key_version, choices, with_tags));
            records.extend(value.versions().map(|version| ComposedRecord {
                log,
                recode,
                version,
                key: key.clone(),
                value: behind(version.number, &compose(value, version, choices, with_tags)),
            }));
        }
    }
    for (log, schemas, recode) in FRAMED {
        for schema in schemas {
            let id = schema.key.expect("a record names its id");
            records.extend(schema.versions().map(|version| ComposedRecord {
                log,
                recode,
                version,
                key: Bytes::new(),
                value: framed(id, version, &compose(schema, version, choices, with_tags)),
            }));
        }
    }
    records
}

pub(crate) fn behind(number: i16, body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(number);
    bytes.put(body);
    bytes.freeze()
}

fn framed(id: i16, version: Version, body: &[u8]) -> Bytes {
    let mut writer = Writer::new();
    writer.uvarint(1);
    writer.uvarint(u32::from(id.unsigned_abs()));
    writer.uvarint(u32::from(version.number.unsigned_abs()));
    writer.raw(body);
    writer.into_bytes()
}
