//! Batches that are built once.

use bytes::Bytes;
use ottla_model::Timestamp;
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

use super::words::Words;
use crate::size::Size;

/// As many records as fit into `batch_bytes` before they are compressed, one at least.
pub(super) fn build_batch(
    record_bytes: Size,
    batch_bytes: Size,
    compression: Compression,
    timestamp: Timestamp,
) -> Bytes {
    let put_together = |most: usize| {
        let mut words = Words::new();
        let mut builder = BatchBuilder::new(BatchFields::default(), compression);
        let mut fitting = 0;
        while fitting < most {
            let value = words.text(record_bytes.length());
            builder.push(timestamp, None, Some(&value), []);
            if builder.size() > batch_bytes.length() {
                break;
            }
            fitting += 1;
        }
        (builder, fitting)
    };
    // A builder takes nothing back: once there is one too many, they are put together again without it.
    let (_, fitting) = put_together(usize::MAX);
    let (builder, _) = put_together(fitting.max(1));
    builder.build()
}

#[cfg(test)]
mod tests {
    use ottla_wire::records::{BATCH_OVERHEAD, Batch};

    use super::*;
    use crate::size::KIB;

    fn batch(record_bytes: u64, batch_bytes: u64, compression: Compression) -> Bytes {
        build_batch(
            Size(record_bytes),
            Size(batch_bytes),
            compression,
            Timestamp(1000),
        )
    }

    #[test]
    fn a_batch_holds_as_many_records_as_fit() {
        for (record_bytes, expected) in [(100, 148), (1024, 15), (10_240, 1), (100_000, 1)] {
            let bytes = batch(record_bytes, 16 * KIB, Compression::None);
            let batch = Batch::parse(&bytes).unwrap();
            assert_eq!(batch.check(), Ok(()));
            assert_eq!(batch.header.record_count, expected, "{record_bytes}");
            assert!(bytes.len() <= 16 << 10 || expected == 1);
            let records = batch.records(&bytes[BATCH_OVERHEAD..]);
            for record in records {
                assert_eq!(record.unwrap().value.unwrap().len() as u64, record_bytes);
            }
        }
    }

    #[test]
    fn compression_does_not_change_what_fits_but_what_it_takes() {
        let plain = batch(1024, 16 * KIB, Compression::None);
        for compression in [Compression::Lz4, Compression::Zstd] {
            let bytes = batch(1024, 16 * KIB, compression);
            let batch = Batch::parse(&bytes).unwrap();
            assert_eq!(batch.header.attributes.compression(), Ok(compression));
            assert_eq!(batch.header.record_count, 15);
            assert!(bytes.len() < plain.len() && bytes.len() > plain.len() / 10);
            let uncompressed = batch.uncompressed(1 << 20).unwrap();
            assert_eq!(uncompressed, &plain[BATCH_OVERHEAD..]);
        }
    }
}
