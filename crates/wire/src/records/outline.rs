//! The walk of a leader over the records of a batch: everything is checked, and nothing kept but what it decides by.
//!
//! A record that lies in one piece of what is unpacked is looked at where it lies. One that goes on in the next piece is read over
//! the edge, field by field, so that no record needs memory, however large it is.

mod body;
mod text;

use ottla_model::{Offset, Timestamp};

use super::compression::Unpacked;
use super::{BatchError, BatchHeader, TimestampType, varint};
use body::{Across, Body};

/// What a leader looks at of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordOutline {
    pub offset: Offset,
    pub timestamp: Timestamp,
    pub has_key: bool,
}

/// Passes every record to `each`, with its index. Checks what [`RecordIter`](super::RecordIter) checks.
///
/// # Errors
/// When `records` cannot be unpacked, or do not hold the records that the header counts and nothing else. Some records may have been
/// passed by then.
pub(super) fn outline(
    header: &BatchHeader,
    mut records: Unpacked<'_>,
    mut each: impl FnMut(i32, RecordOutline),
) -> Result<(), BatchError> {
    let problem = |index, problem| BatchError::Record { index, problem };
    let mut index = 0;
    while index < header.record_count {
        let piece = records.piece()?;
        let mut rest = piece;
        while index < header.record_count
            && let Some(mut body) = take_whole(&mut rest)
        {
            let record = read(header, &mut body).map_err(|found| problem(index, found))?;
            each(index, record);
            index += 1;
        }
        let (taken, is_cut) = (piece.len() - rest.len(), !rest.is_empty());
        let is_last = piece.is_empty();
        records.consume(taken);
        if index < header.record_count && (is_cut || is_last) {
            let record = Across::read(&mut records, index, |body| read(header, body))?;
            each(index, record);
            index += 1;
        }
    }
    if !records.piece()?.is_empty() {
        return Err(problem(index, "bytes are left behind the last record"));
    }
    Ok(())
}

/// The record at the front without its length; `None`, and nothing taken, unless all of it is there.
fn take_whole<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut ahead = *rest;
    let length = usize::try_from(varint::take_i32(&mut ahead)?).ok()?;
    let (body, behind) = ahead.split_at_checked(length)?;
    *rest = behind;
    Some(body)
}

fn read(header: &BatchHeader, body: &mut impl Body) -> Result<RecordOutline, &'static str> {
    body.skip(1).ok_or("it has no attributes")?;
    let timestamp_delta = body.varlong().ok_or("its timestamp is cut or too long")?;
    let offset_delta = body.varint().ok_or("its offset is cut or too long")?;
    let has_key = skip_nullable(body).ok_or("its key is longer than the record")?;
    skip_nullable(body).ok_or("its value is longer than the record")?;
    let headers = body
        .varint()
        .filter(|count| *count >= 0)
        .ok_or("its number of headers is invalid")?;
    for _ in 0..headers {
        let length = body
            .varint()
            .ok_or("a header key's length is cut or too long")?;
        let is_text = body
            .text(length)
            .ok_or("a header key is longer than the record, or null")?;
        if !is_text {
            return Err("a header key is not UTF-8");
        }
        skip_nullable(body).ok_or("a header value is longer than the record")?;
    }
    if !body.is_empty() {
        return Err("bytes are left behind its headers");
    }
    let timestamp = match header.attributes.timestamp_type() {
        TimestampType::LogAppendTime => header.max_timestamp,
        TimestampType::CreateTime => {
            Timestamp(header.base_timestamp.0.wrapping_add(timestamp_delta))
        }
    };
    let offset = header
        .base_offset
        .0
        .checked_add(i64::from(offset_delta))
        .map(Offset)
        .ok_or("its offset is beyond the last possible one")?;
    Ok(RecordOutline {
        offset,
        timestamp,
        has_key,
    })
}

/// Whether there is something, or null, which is any length below zero; `None` is a length that cannot be.
fn skip_nullable(body: &mut impl Body) -> Option<bool> {
    match body.varint()? {
        ..0 => Some(false),
        length => body.skip(length).map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::records::{
        Batch, BatchBuilder, BatchFields, Compression, Header, Level, RecordIter,
    };

    fn outlines(
        header: &BatchHeader,
        records: Unpacked<'_>,
    ) -> Result<Vec<RecordOutline>, BatchError> {
        let mut all = Vec::new();
        outline(header, records, |index, record| {
            assert_eq!(index as usize, all.len());
            all.push(record);
        })?;
        Ok(all)
    }

    /// By the records themselves.
    fn expected(header: &BatchHeader, records: &[u8]) -> Result<Vec<RecordOutline>, BatchError> {
        RecordIter::new(header, records)
            .map(|record| {
                record.map(|record| RecordOutline {
                    offset: record.offset,
                    timestamp: record.timestamp,
                    has_key: record.key.is_some(),
                })
            })
            .collect()
    }

    /// In pieces of so many bytes: what the framing of snappy makes of one.
    fn in_pieces(records: &[u8], length: usize) -> Vec<u8> {
        let mut packed = Compression::Snappy.compress(&[], Level::Default);
        let mut encoder = snap::raw::Encoder::new();
        for piece in records.chunks(length) {
            let block = encoder.compress_vec(piece).unwrap();
            packed.extend_from_slice(&(block.len() as u32).to_be_bytes());
            packed.extend_from_slice(&block);
        }
        packed
    }

    /// Key, value and the key of a header.
    type Fields = (Option<Vec<u8>>, Vec<u8>, Option<String>);

    fn built(records: &[Fields]) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        for (i, (key, value, text)) in records.iter().enumerate() {
            let headers = text.iter().map(|text| Header {
                key: text,
                value: Some(value),
            });
            builder.push(
                Timestamp(1000 * i as i64),
                key.as_deref(),
                Some(value),
                headers,
            );
        }
        builder.build().to_vec()
    }

    proptest! {
        #[test]
        fn a_record_is_seen_as_it_is_wherever_pieces_end(
            records in proptest::collection::vec(
                (any::<Option<Vec<u8>>>(), any::<Vec<u8>>(), any::<Option<String>>()), 1..8,
            ),
            length in 1usize..300,
        ) {
            let bytes = built(&records);
            let batch = Batch::parse(&bytes).unwrap();
            let plain = batch.uncompressed(1 << 20).unwrap();
            let expected = expected(&batch.header, &plain);
            prop_assert!(expected.is_ok());
            let whole = Unpacked::new(Compression::None, &plain, 1 << 20).unwrap();
            prop_assert_eq!(&outlines(&batch.header, whole), &expected);
            let packed = in_pieces(&plain, length);
            let pieces = Unpacked::new(Compression::Snappy, &packed, 1 << 20).unwrap();
            prop_assert_eq!(outlines(&batch.header, pieces), expected);
        }

        #[test]
        fn what_is_no_record_is_none_wherever_pieces_end(
            records in proptest::collection::vec(
                (any::<Option<Vec<u8>>>(), proptest::collection::vec(any::<u8>(), 0..20), any::<Option<String>>()), 1..5,
            ),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3),
            cut in 0usize..3,
            length in 1usize..60,
            more in 0i32..2,
        ) {
            let bytes = built(&records);
            let mut header = Batch::parse(&bytes).unwrap().header;
            header.record_count += more;
            let mut plain = bytes[crate::records::BATCH_OVERHEAD..].to_vec();
            for (at, byte) in changes {
                let at = at.index(plain.len());
                plain[at] = byte;
            }
            plain.truncate(plain.len() - cut);
            let expected = expected(&header, &plain).ok();
            let whole = Unpacked::new(Compression::None, &plain, 1 << 20).unwrap();
            prop_assert_eq!(&outlines(&header, whole).ok(), &expected);
            let packed = in_pieces(&plain, length);
            let pieces = Unpacked::new(Compression::Snappy, &packed, 1 << 20).unwrap();
            prop_assert_eq!(outlines(&header, pieces).ok(), expected);
        }
    }

    #[test]
    fn a_record_larger_than_any_piece_is_walked_over() {
        for codec in Compression::ALL {
            let mut builder = BatchBuilder::new(BatchFields::default(), codec);
            for byte in [1, 2] {
                builder.push(Timestamp(7), None, Some(&vec![byte; 10 << 20]), []);
            }
            let bytes = builder.build();
            let batch = Batch::parse(&bytes).unwrap();
            let records = batch.unpack(64 << 20).unwrap();
            let seen = outlines(&batch.header, records).unwrap();
            assert_eq!(seen.len(), 2, "{codec:?}");
            assert_eq!(seen[1].offset, Offset(1));
        }
    }

    #[test]
    fn what_is_wrong_with_packed_bytes_is_told_and_not_what_follows_from_it() {
        let records = built(&[(None, vec![7; 200_000], None)]);
        let batch = Batch::parse(&records).unwrap();
        let plain = batch.uncompressed(1 << 20).unwrap();
        let mut packed = Compression::Lz4.compress(&plain, Level::Default);
        packed.truncate(packed.len() - 10);
        let records = Unpacked::new(Compression::Lz4, &packed, 1 << 20).unwrap();
        assert!(matches!(
            outlines(&batch.header, records),
            Err(BatchError::Decompression(Compression::Lz4, _))
        ));
        let records = Unpacked::new(Compression::Lz4, &packed, 100_000).unwrap();
        assert_eq!(
            outlines(&batch.header, records),
            Err(BatchError::TooLarge(100_000))
        );
    }
}
