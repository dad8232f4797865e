//! What holds for every message in every version, whatever the bytes are.

mod composer;

use composer::compose;
use ottla_model::{LeaderEpoch, TopicId};
use ottla_wire::message::fetch::{FetchPartition, FetchRequest, FetchTopic};
use ottla_wire::message::metadata::MetadataRequest;
use ottla_wire::message::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_wire::schema::all;
use ottla_wire::{DecodeError, Message, Reader, Records, Writer};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_by_the_table_is_read_and_written_again(choices in prop::collection::vec(any::<u8>(), 1..64)) {
        for message in all() {
            for version in message.versions() {
                let name = message.body.name;
                let bytes = compose(message, version, &choices, false);
                let again = (message.recode)(&bytes, version.number);
                prop_assert_eq!(again, Ok(bytes), "{} {:?}", name, version);

                // A tag that happens to hold its default is not written again.
                let tagged = compose(message, version, &choices, true);
                let once = (message.recode)(&tagged, version.number);
                let once = once.map_err(|error| TestCaseError::fail(format!("{name} {version:?}: {error}")))?;
                prop_assert!(once.len() <= tagged.len());
                prop_assert_eq!((message.recode)(&once, version.number), Ok(once), "{} {:?}", name, version);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        for message in all() {
            for version in message.versions() {
                // Decoding must come back; what it says is its own affair.
                if let Ok(again) = (message.recode)(&bytes, version.number) {
                    prop_assert_eq!((message.recode)(&again, version.number), Ok(again));
                }
            }
        }
    }

    #[test]
    fn a_damaged_message_is_a_message_or_an_error(
        choices in prop::collection::vec(any::<u8>(), 1..64),
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for message in all() {
            for version in message.versions() {
                let mut bytes = compose(message, version, &choices, true).to_vec();
                if bytes.is_empty() {
                    continue;
                }
                let shorter = &bytes[..cut.index(bytes.len())];
                prop_assert!((message.recode)(shorter, version.number).is_err());
                let position = position.index(bytes.len());
                bytes[position] = byte;
                // Whether it still is one depends on the byte.
                let _ = (message.recode)(&bytes, version.number);
            }
        }
    }
}

#[test]
fn versions_beyond_the_valid_ones_are_refused() {
    for message in all() {
        for version in [*message.valid.start() - 1, *message.valid.end() + 1] {
            assert_eq!(
                (message.recode)(&[], version),
                Err(DecodeError::UnsupportedVersion {
                    message: message.body.name,
                    version
                })
            );
        }
    }
}

#[test]
fn a_version_loses_what_it_lacks_unless_that_is_ignorable() {
    let mut request = FetchRequest::default();
    request.topics.push(FetchTopic::default());
    assert_eq!(request.lost_by(4), None);
    request.session_epoch = 3;
    request.topics[0].topic_id = TopicId::METADATA;
    assert_eq!(request.lost_by(4), None, "ignorable");
    request.topics[0].partitions.push(FetchPartition {
        last_fetched_epoch: LeaderEpoch(1),
        ..Default::default()
    });
    assert_eq!(request.lost_by(11), Some("last_fetched_epoch"));
    assert_eq!(request.lost_by(12), None);
}

#[test]
fn none_is_written_as_empty_where_there_is_no_null() {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    for (version, topics) in [(0, Some(Vec::new())), (1, None)] {
        let mut writer = Writer::new();
        request.encode(&mut writer, version);
        let bytes = writer.into_bytes();
        let again = MetadataRequest::decode(&mut Reader::new(&bytes), version).unwrap();
        assert_eq!(again.topics, topics);
    }
}

#[test]
fn records_are_the_slice_of_the_frame() {
    let batch = [5; 70];
    let request = ProduceRequest {
        topic_data: vec![TopicProduceData {
            partition_data: vec![PartitionProduceData {
                records: Some(Records::Bytes(&batch)),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    for version in ProduceRequest::VALID {
        let mut writer = Writer::new();
        request.encode(&mut writer, version);
        let frame = writer.into_bytes();
        let decoded = ProduceRequest::decode(&mut Reader::new(&frame), version).unwrap();
        let Some(Records::Bytes(bytes)) = decoded.topic_data[0].partition_data[0].records else {
            panic!("the records are bytes");
        };
        assert_eq!(bytes, batch);
        assert!(frame.as_ptr_range().contains(&bytes.as_ptr()), "copied");
    }
}
