//! Record batches of format 2 (KIP-98, KIP-82): what producers send, logs hold and consumers read, byte for byte the same.

mod attributes;
mod batches;
mod builder;
mod compression;
mod error;
mod header;
mod outline;
mod record;
mod varint;

pub use attributes::{Attributes, TimestampType};
pub use batches::{Batch, Batches};
pub use builder::{BatchBuilder, BatchFields};
pub use compression::{Compression, Level, Unpacked};
pub use error::BatchError;
pub use header::{BATCH_OVERHEAD, BatchHeader, LOG_OVERHEAD, MAGIC};
pub use outline::RecordOutline;
pub use record::{Header, Record, RecordIter};

#[cfg(test)]
mod tests {
    use ottla_model::{Offset, Timestamp};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_built_batch_reads_back(
            records in proptest::collection::vec(
                (any::<Option<Vec<u8>>>(), any::<Option<Vec<u8>>>(), any::<Option<Vec<u8>>>()), 1..20,
            ),
            codec in 0i16..5,
        ) {
            let fields = BatchFields { base_offset: Offset(40), ..BatchFields::default() };
            let mut builder = BatchBuilder::new(fields, Compression::from_code(codec).unwrap());
            for (i, (key, value, header)) in records.iter().enumerate() {
                let headers = [Header { key: "h", value: header.as_deref() }];
                builder.push(Timestamp(1000 + i as i64), key.as_deref(), value.as_deref(), headers);
            }
            let bytes = builder.build();
            let batch = Batches::new(&bytes).next().unwrap().unwrap();
            prop_assert_eq!(batch.check(), Ok(()));
            prop_assert_eq!(batch.header.next_offset(), Offset(40 + records.len() as i64));
            prop_assert_eq!(BatchHeader::parse(&batch.header.to_bytes()), Ok(batch.header));
            let uncompressed = batch.uncompressed(1 << 20).unwrap();
            let read: Vec<_> = batch.records(&uncompressed).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read.len(), records.len());
            for (i, (record, (key, value, header))) in read.iter().zip(&records).enumerate() {
                prop_assert_eq!(record.offset, Offset(40 + i as i64));
                prop_assert_eq!(record.timestamp, Timestamp(1000 + i as i64));
                prop_assert_eq!((record.key, record.value), (key.as_deref(), value.as_deref()));
                let headers: Vec<_> = record.headers().collect();
                prop_assert_eq!(headers, vec![Header { key: "h", value: header.as_deref() }]);
            }
        }

        #[test]
        fn hostile_bytes_are_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), count: i32, base: i64, first: i64,
        ) {
            for batch in Batches::new(&bytes).flatten() {
                let _ = batch.check();
            }
            let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
            builder.push(Timestamp(0), None, None, []);
            let built = builder.build();
            let header = BatchHeader {
                base_offset: Offset(base),
                base_timestamp: Timestamp(first),
                record_count: count,
                ..BatchHeader::parse(&built).unwrap()
            };
            let read: Vec<_> = RecordIter::new(&header, &bytes).collect();
            prop_assert!(read.len() <= bytes.len() + 1);
        }
    }

    #[test]
    fn offsets_beyond_the_last_possible_one_are_an_error() {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        builder.push(Timestamp(7), None, Some(b"a"), []);
        builder.push(Timestamp(7), None, Some(b"b"), []);
        let bytes = builder.build();
        let with = |base: i64, delta: i32| {
            let mut bytes = bytes.to_vec();
            bytes[..8].copy_from_slice(&base.to_be_bytes());
            bytes[23..27].copy_from_slice(&delta.to_be_bytes());
            BatchHeader::parse(&bytes)
        };
        let last = with(i64::MAX - 2, 1).unwrap();
        assert_eq!(last.next_offset(), Offset::MAX);
        for (base, delta) in [(i64::MAX - 1, 1), (i64::MAX, 0), (i64::MIN, -1)] {
            assert_eq!(with(base, delta), Err(BatchError::Offsets { base, delta }));
        }
        let header = BatchHeader {
            base_offset: Offset::MAX,
            ..last
        };
        let read: Vec<_> = RecordIter::new(&header, &bytes[BATCH_OVERHEAD..]).collect();
        let problem = "its offset is beyond the last possible one";
        assert_eq!(read.len(), 2);
        assert!(read[0].is_ok());
        assert_eq!(read[1], Err(BatchError::Record { index: 1, problem }));
    }

    #[test]
    fn any_length_below_zero_is_null() {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        let header = Header {
            key: "h",
            value: None,
        };
        builder.push(Timestamp(7), None, None, [header]);
        let mut bytes = builder.build().to_vec();
        // Length, attributes, timestamp, offset, key, value, number of headers, key and value of a header.
        let record = &mut bytes[BATCH_OVERHEAD..];
        assert_eq!(record, [18, 0, 0, 0, 1, 1, 2, 2, b'h', 1]);
        for at in [4, 5, 9] {
            record[at] = 27;
        }
        let batch = Batch::parse(&bytes).unwrap();
        let records = batch.uncompressed(100).unwrap();
        let read = batch.records(&records).next().unwrap().unwrap();
        assert_eq!((read.key, read.value), (None, None));
        assert!(read.headers().eq([header]));
        let mut seen = Vec::new();
        let walked = batch.outline(Unpacked::whole(&records), |_, record| {
            seen.push(record.has_key)
        });
        assert_eq!((walked, seen), (Ok(()), vec![false]));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        builder.push(Timestamp(7), Some(b"key"), Some(b"value"), []);
        let mut bytes = builder.build().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let batch = Batch::parse(&bytes).unwrap();
        assert!(matches!(batch.check(), Err(BatchError::Checksum { .. })));
        assert!(matches!(
            Batch::parse(&bytes[..70]),
            Err(BatchError::Truncated { .. })
        ));
    }
}
