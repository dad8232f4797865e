//! Batches as producers with default settings send them, 16 KiB before they are compressed: checked, compressed, unpacked.

use std::hint::black_box;

use bytes::Bytes;
use ottla_log::validate::{AppendRules, validate};
use ottla_model::Timestamp;
use ottla_wire::records::{Batch, BatchHeader, Compression, Level, TimestampType};

use super::operation::{Case, Operation};
use crate::load::build_batch;
use crate::size::{KIB, Size};

pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);
pub(super) const BATCH: Size = Size(16 * KIB);
const RECORDS: [(&str, Size); 3] = [
    ("100B", Size(100)),
    ("1KiB", Size(KIB)),
    ("10KiB", Size(10 * KIB)),
];
/// What is compressed and unpacked at once.
const LARGE_BATCH: Size = Size(64 * KIB);
const MAX_UNCOMPRESSED: usize = 256 << 20;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (size, record) in RECORDS {
        for codec in Compression::ALL {
            let name = format!("validate-{size}-{}", name_of(codec));
            cases.push(validating(name, record, codec, None));
        }
    }
    cases.push(validating(
        "validate-1KiB-lz4-to-zstd".to_owned(),
        Size(KIB),
        Compression::Lz4,
        Some((Compression::Zstd, Level::Default)),
    ));
    for codec in Compression::ALL {
        if codec != Compression::None {
            cases.push(compressing(codec));
            cases.push(decompressing(codec));
        }
    }
    cases
}

fn name_of(codec: Compression) -> &'static str {
    match codec {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    }
}

/// Of a topic with default settings.
pub(super) fn rules() -> AppendRules {
    AppendRules {
        produce_version: 13,
        max_batch_bytes: (1 << 20) + 12,
        max_uncompressed_bytes: MAX_UNCOMPRESSED,
        timestamp_type: TimestampType::CreateTime,
        before_max_ms: i64::MAX,
        after_max_ms: 3_600_000,
        needs_keys: false,
        compression: None,
    }
}

fn validating(
    name: String,
    record: Size,
    codec: Compression,
    target: Option<(Compression, Level)>,
) -> Case {
    Case::new(name, 20, move |_| {
        let bytes = build_batch(record, BATCH, codec, NOW);
        let rules = AppendRules {
            compression: target,
            ..rules()
        };
        let (records, length) = extent(&bytes);
        let run = move |bytes: Bytes| {
            black_box(validate(bytes, &rules, NOW).expect("it was built here"));
        };
        Ok(Operation::new(records, length, move || bytes.clone(), run))
    })
}

/// Records and bytes of a batch.
pub(super) fn extent(batch: &[u8]) -> (u64, u64) {
    let header = BatchHeader::parse(batch).expect("it was built here");
    let records = u64::try_from(header.record_count).expect("it has records");
    (records, batch.len() as u64)
}

fn compressing(codec: Compression) -> Case {
    Case::new(format!("compress-{}", name_of(codec)), 5, move |_| {
        let bytes = build_batch(Size(KIB), LARGE_BATCH, Compression::None, NOW);
        let (records, length) = extent(&bytes);
        let run = move |()| {
            black_box(codec.compress(black_box(&bytes), Level::Default));
        };
        Ok(Operation::new(records, length, || (), run))
    })
}

/// Bytes are those that come out.
fn decompressing(codec: Compression) -> Case {
    Case::new(format!("decompress-{}", name_of(codec)), 10, move |_| {
        let bytes = build_batch(Size(KIB), LARGE_BATCH, codec, NOW);
        let unpack = |bytes: &[u8]| {
            let batch = Batch::parse(bytes).expect("it was built here");
            let records = batch.uncompressed(MAX_UNCOMPRESSED);
            black_box(records.expect("it was built here")).len() as u64
        };
        let (records, length) = (extent(&bytes).0, unpack(&bytes));
        let run = move |()| {
            unpack(black_box(&bytes));
        };
        Ok(Operation::new(records, length, || (), run))
    })
}
