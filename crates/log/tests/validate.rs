//! What a leader takes from a producer, and the error code for each thing it does not take.

use bytes::{Bytes, BytesMut};
use ottla_log::validate::{AppendRules, InvalidBatch, ValidBatch, validate};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use ottla_wire::records::{
    Attributes, Batch, BatchBuilder, BatchFields, BatchHeader, Compression, Level, TimestampType,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn rules() -> AppendRules {
    AppendRules {
        produce_version: 13,
        max_batch_bytes: 1 << 20,
        max_uncompressed_bytes: 1 << 20,
        timestamp_type: TimestampType::CreateTime,
        before_max_ms: i64::MAX,
        after_max_ms: i64::MAX,
        needs_keys: false,
        compression: None,
    }
}

fn batch(fields: BatchFields, compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(fields, compression);
    builder.push(Timestamp(10), Some(b"key"), Some(b"one"), []);
    builder.push(Timestamp(30), None, Some(b"two"), []);
    builder.push(Timestamp(20), Some(b"key"), None, []);
    builder.build()
}

fn plain() -> Bytes {
    batch(BatchFields::default(), Compression::None)
}

/// Changes the header and gives the batch the checksum it then needs.
fn with_header(bytes: &Bytes, change: impl Fn(&mut BatchHeader)) -> Bytes {
    let body = &bytes[ottla_wire::records::BATCH_OVERHEAD..];
    let mut header = BatchHeader::parse(bytes).expect("it was built well");
    change(&mut header);
    header.crc = header.checksum(body);
    let mut changed = BytesMut::from(&header.to_bytes()[..]);
    changed.extend_from_slice(body);
    changed.freeze()
}

fn refused(bytes: Bytes, rules: &AppendRules) -> InvalidBatch {
    validate(bytes, rules, NOW).expect_err("it should be refused")
}

fn code(bytes: Bytes) -> ErrorCode {
    refused(bytes, &rules()).code()
}

fn values(valid: &ValidBatch, bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    let batch = Batch::parse(bytes).expect("a valid batch parses");
    assert_eq!(batch.header.size, valid.header().size);
    let records = batch.uncompressed(1 << 20).expect("it decompresses");
    let value = |record: ottla_wire::records::Record<'_>| record.value.map(<[u8]>::to_vec);
    batch
        .records(&records)
        .map(|record| value(record.expect("it is well-formed")))
        .collect()
}

#[test]
fn a_right_batch_is_taken_as_it_is() {
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let bytes = batch(BatchFields::default(), compression);
        let valid = validate(bytes.clone(), &rules(), NOW).expect("it is right");
        let header = BatchHeader::parse(&bytes).expect("it was built well");
        assert_eq!(*valid.header(), header);
        assert_eq!(valid.body(), &bytes[ottla_wire::records::BATCH_OVERHEAD..]);
    }
}

#[test]
fn what_is_not_all_there_is_no_batch() {
    let whole = plain();
    for length in [0, 60, whole.len() - 1] {
        assert_eq!(code(whole.slice(..length)), ErrorCode::InvalidRecord);
    }
}

#[test]
fn what_is_damaged_is_corrupt() {
    let whole = plain();
    let mut of_no_format = BytesMut::from(&whole[..]);
    of_no_format[16] = 3;
    assert_eq!(code(of_no_format.freeze()), ErrorCode::CorruptMessage);
    let mut flipped = BytesMut::from(&whole[..]);
    *flipped.last_mut().expect("it is not empty") ^= 1;
    assert_eq!(code(flipped.freeze()), ErrorCode::CorruptMessage);
}

#[test]
fn what_no_producer_may_send_is_invalid() {
    let whole = plain();
    assert_eq!(code(Bytes::new()), ErrorCode::InvalidRecord);
    assert_eq!(
        code(Bytes::from([&whole[..], &whole[..]].concat())),
        ErrorCode::InvalidRecord
    );
    let with = |change: fn(&mut BatchHeader)| code(with_header(&whole, change));
    assert_eq!(
        with(|header| header.base_offset = Offset(1)),
        ErrorCode::InvalidRecord
    );
    assert_eq!(
        with(|header| header.record_count = 0),
        ErrorCode::InvalidRecord
    );
    assert_eq!(
        with(|header| header.record_count = 2),
        ErrorCode::InvalidRecord
    );
    assert_eq!(
        with(|header| header.last_offset_delta = 7),
        ErrorCode::InvalidRecord
    );
    assert_eq!(
        with(|header| header.producer_id = ProducerId(7)),
        ErrorCode::InvalidRecord
    );
    let control = BatchFields {
        attributes: Attributes::default().control(),
        ..BatchFields::default()
    };
    assert_eq!(
        code(batch(control, Compression::None)),
        ErrorCode::InvalidRecord
    );
    let in_transaction = BatchFields {
        attributes: Attributes::default().transactional(),
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        ..BatchFields::default()
    };
    assert_eq!(
        code(batch(in_transaction, Compression::None)),
        ErrorCode::InvalidTxnState
    );
}

#[test]
fn what_is_behind_a_batch_is_told_by_what_it_claims_to_be() {
    let whole = plain();
    let with = |rest: &[u8]| refused(Bytes::from([&whole[..], rest].concat()), &rules());
    let of_format = |magic: u8| {
        let mut other = whole.to_vec();
        other[16] = magic;
        other
    };
    for (rest, code, is_looked_at) in [
        (&whole[..], ErrorCode::InvalidRecord, false),
        (&of_format(1), ErrorCode::InvalidRecord, false),
        (&of_format(3), ErrorCode::CorruptMessage, false),
        (&[0; 12], ErrorCode::CorruptMessage, false),
        (&whole[..11], ErrorCode::InvalidRecord, true),
        (&whole[..16], ErrorCode::InvalidRecord, true),
        (&whole[..whole.len() - 1], ErrorCode::InvalidRecord, true),
    ] {
        let refusal = with(rest);
        assert_eq!(refusal.code(), code, "{rest:?}");
        assert_eq!(refusal.tells_log_start(), is_looked_at, "{rest:?}");
    }
}

#[test]
fn what_is_wrong_is_looked_for_in_one_order() {
    let small = AppendRules {
        max_batch_bytes: plain().len() - 1,
        ..rules()
    };
    let mut damaged = BytesMut::from(&plain()[..]);
    *damaged.last_mut().expect("it is not empty") ^= 1;
    let damaged = damaged.freeze();
    assert_eq!(
        refused(damaged.clone(), &small).code(),
        ErrorCode::MessageTooLarge
    );
    let placed = with_header(&damaged, |header| header.base_offset = Offset(1));
    assert_eq!(refused(placed, &small).code(), ErrorCode::InvalidRecord);
}

/// That its times are those of a leader's clock is for a leader to say.
#[test]
fn a_batch_that_its_producer_stamped_is_taken_for_what_it_says_where_producers_set_the_time() {
    let stamped = |compression| {
        let by_leader = BatchFields {
            attributes: Attributes::default().with_timestamp_type(TimestampType::LogAppendTime),
            ..BatchFields::default()
        };
        let set_time = |header: &mut BatchHeader| header.max_timestamp = Timestamp(40);
        with_header(&batch(by_leader, compression), set_time)
    };
    let stamping = AppendRules {
        timestamp_type: TimestampType::LogAppendTime,
        ..rules()
    };
    let repacking = AppendRules {
        compression: Some((Compression::Gzip, Level::Default)),
        ..rules()
    };
    let bounded = AppendRules {
        before_max_ms: NOW.0 - 41,
        ..rules()
    };
    for compression in [Compression::None, Compression::Gzip] {
        for rules in [rules(), repacking] {
            let valid = validate(stamped(compression), &rules, NOW).expect("it is right");
            assert_eq!(valid.header().max_timestamp, Timestamp(40));
            let attributes = valid.header().attributes;
            assert_eq!(attributes.timestamp_type(), TimestampType::CreateTime);
        }
        for rules in [stamping, bounded] {
            let refusal = refused(stamped(compression), &rules);
            assert_eq!(refusal.code(), ErrorCode::InvalidTimestamp);
            assert_eq!(refusal.into_record_errors().len(), 3);
        }
    }
}

#[test]
fn of_records_without_a_key_and_others_out_of_time_the_time_is_what_is_told() {
    let rules = AppendRules {
        needs_keys: true,
        before_max_ms: NOW.0 - 15,
        ..rules()
    };
    let refusal = refused(plain(), &rules);
    assert_eq!(refusal.code(), ErrorCode::InvalidTimestamp);
    let at_fault = refusal.into_record_errors().into_iter().map(|(i, _)| i);
    assert!(at_fault.eq([0, 1]));
}

#[test]
fn a_batch_is_bounded_packed_and_unpacked() {
    let bytes = plain();
    let small = AppendRules {
        max_batch_bytes: bytes.len() - 1,
        ..rules()
    };
    assert_eq!(refused(bytes, &small).code(), ErrorCode::MessageTooLarge);
    let mut bomb = BatchBuilder::new(BatchFields::default(), Compression::Zstd);
    bomb.push(NOW, None, Some(&vec![0; 1 << 20]), []);
    let bomb = bomb.build();
    assert!(bomb.len() < 1000);
    assert_eq!(code(bomb), ErrorCode::MessageTooLarge);
}

#[test]
fn old_clients_may_not_send_zstd() {
    let old = AppendRules {
        produce_version: 6,
        ..rules()
    };
    let bytes = batch(BatchFields::default(), Compression::Zstd);
    assert_eq!(
        refused(bytes, &old).code(),
        ErrorCode::UnsupportedCompressionType
    );
}

#[test]
fn a_compacted_topic_needs_keys_and_names_who_has_none() {
    let compacted = AppendRules {
        needs_keys: true,
        ..rules()
    };
    let refusal = refused(plain(), &compacted);
    assert_eq!(refusal.code(), ErrorCode::InvalidRecord);
    let at_fault: Vec<i32> = refusal
        .into_record_errors()
        .iter()
        .map(|(i, _)| *i)
        .collect();
    assert_eq!(at_fault, [1]);
}

#[test]
fn of_very_many_records_at_fault_all_are_counted_and_the_first_told() {
    let mut builder = BatchBuilder::new(BatchFields::default(), Compression::Zstd);
    for _ in 0..2500 {
        builder.push(NOW, None, Some(b"v"), []);
    }
    let compacted = AppendRules {
        needs_keys: true,
        ..rules()
    };
    let refusal = refused(builder.build(), &compacted);
    assert!(refusal.to_string().starts_with("2500 records"), "{refusal}");
    let told = refusal.into_record_errors();
    assert!(told.iter().map(|(index, _)| *index).eq(0..1000));
}

#[test]
fn records_at_fault_are_named_as_far_as_there_is_room() {
    let compacted = AppendRules {
        needs_keys: true,
        ..rules()
    };
    for (count, named) in [(3, "0, 1, 2"), (4, "0, 1, 2, …")] {
        let mut builder = BatchBuilder::new(BatchFields::default(), Compression::None);
        (0..count).for_each(|_| builder.push(NOW, None, Some(b"v"), []));
        let refusal = refused(builder.build(), &compacted).to_string();
        assert!(refusal.ends_with(&format!(": {named}")), "{refusal}");
    }
}

#[test]
fn a_batch_that_is_packed_again_is_as_small_as_any() {
    let mut builder = BatchBuilder::new(BatchFields::default(), Compression::Zstd);
    builder.push(NOW, None, Some(&[b'v'; 1000]), []);
    let packed = builder.build();
    let bounded = AppendRules {
        max_batch_bytes: 500,
        ..rules()
    };
    validate(packed.clone(), &bounded, NOW).expect("it is small as it is");
    let unpacked = AppendRules {
        compression: Some((Compression::None, Level::Default)),
        ..bounded
    };
    assert_eq!(
        refused(packed, &unpacked).code(),
        ErrorCode::MessageTooLarge
    );
}

#[test]
fn a_timestamp_out_of_bounds_is_named() {
    let bounded = AppendRules {
        before_max_ms: NOW.0 - 15,
        after_max_ms: 5,
        ..rules()
    };
    let refusal = refused(plain(), &bounded);
    assert_eq!(refusal.code(), ErrorCode::InvalidTimestamp);
    let at_fault: Vec<i32> = refusal
        .into_record_errors()
        .iter()
        .map(|(i, _)| *i)
        .collect();
    assert_eq!(at_fault, [0]);
}

#[test]
fn the_leaders_clock_is_stamped_without_a_copy() {
    let by_leader = AppendRules {
        timestamp_type: TimestampType::LogAppendTime,
        ..rules()
    };
    let bytes = plain();
    let valid = validate(bytes.clone(), &by_leader, NOW).expect("it is right");
    assert_eq!(valid.header().max_timestamp, NOW);
    assert_eq!(
        valid.header().attributes.timestamp_type(),
        TimestampType::LogAppendTime
    );
    let body = valid.body();
    assert_eq!(
        body.as_ptr(),
        bytes[ottla_wire::records::BATCH_OVERHEAD..].as_ptr()
    );
    assert_eq!(valid.header().crc, valid.header().checksum(body));
}

#[test]
fn a_wrong_largest_timestamp_is_put_right() {
    let lying = with_header(&plain(), |header| header.max_timestamp = Timestamp(99));
    let valid = validate(lying, &rules(), NOW).expect("it is right otherwise");
    assert_eq!(valid.header().max_timestamp, Timestamp(30));
}

#[test]
fn a_topic_may_ask_for_another_codec() {
    let fields = BatchFields {
        base_offset: Offset::ZERO,
        leader_epoch: LeaderEpoch(3),
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(2),
        base_sequence: Sequence(11),
        ..BatchFields::default()
    };
    for (from, to) in [
        (Compression::Gzip, Compression::Zstd),
        (Compression::None, Compression::Lz4),
        (Compression::Snappy, Compression::None),
    ] {
        let packed = AppendRules {
            compression: Some((to, Level::Default)),
            ..rules()
        };
        let valid = validate(batch(fields, from), &packed, NOW).expect("it is right");
        let header = valid.header();
        assert_eq!(header.attributes.compression(), Ok(to));
        assert_eq!(
            (
                header.producer_id,
                header.producer_epoch,
                header.base_sequence
            ),
            (
                fields.producer_id,
                fields.producer_epoch,
                fields.base_sequence
            )
        );
        let bytes = [&header.to_bytes()[..], valid.body()].concat();
        let expected = [Some(b"one".to_vec()), Some(b"two".to_vec()), None];
        assert_eq!(values(&valid, &bytes), expected);
    }
}

proptest! {
    /// One byte changed anywhere is refused, or changes nothing that a reader relies on.
    #[test]
    fn a_damaged_batch_is_refused_or_reads_the_same(at in 0_usize..1000, bit in 0_u8..8, packed: bool) {
        let compression = if packed { Compression::Lz4 } else { Compression::None };
        let whole = batch(BatchFields::default(), compression);
        let mut damaged = BytesMut::from(&whole[..]);
        let at = at % damaged.len();
        damaged[at] ^= 1 << bit;
        if let Ok(valid) = validate(damaged.freeze(), &rules(), NOW) {
            // Only the leader's own epoch stands outside the checksum and is not looked at.
            prop_assert!((12..16).contains(&at));
            prop_assert_eq!(valid.body(), &whole[ottla_wire::records::BATCH_OVERHEAD..]);
        }
    }
}
