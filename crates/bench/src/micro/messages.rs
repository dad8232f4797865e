//! Decoding and encoding the messages of the hot path, each for sixteen partitions of one topic.

use std::hint::black_box;

use ottla_model::{LeaderEpoch, Offset, PartitionIndex, TopicId, Uuid};
use ottla_wire::message::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, PartitionData,
};
use ottla_wire::message::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceData, TopicProduceResponse,
};
use ottla_wire::{Message, Reader, Records, Writer};

use super::operation::{Case, Operation};

const PARTITIONS: i32 = 16;
const PRODUCE_VERSION: i16 = 13;
const FETCH_VERSION: i16 = 18;
const TOPIC: TopicId = TopicId(Uuid::from_u128(77));
/// Decoding does not look into it.
const BATCH: &[u8] = &[7; 1024];
const ITERATIONS: u32 = 100;

pub(super) fn cases() -> Vec<Case> {
    vec![
        decoding(
            "decode-produce-request",
            PRODUCE_VERSION,
            produce_request,
            |bytes| {
                black_box(ProduceRequest::decode(&mut Reader::new(bytes), PRODUCE_VERSION).is_ok());
            },
        ),
        encoding("encode-produce-response", PRODUCE_VERSION, produce_response),
        decoding(
            "decode-fetch-request",
            FETCH_VERSION,
            fetch_request,
            |bytes| {
                black_box(FetchRequest::decode(&mut Reader::new(bytes), FETCH_VERSION).is_ok());
            },
        ),
        encoding("encode-fetch-response-of-holes", FETCH_VERSION, || {
            fetch_response(Records::Hole(1 << 20))
        }),
        decoding(
            "decode-fetch-response",
            FETCH_VERSION,
            || fetch_response(Records::Bytes(BATCH)),
            |bytes| {
                black_box(FetchResponse::decode(&mut Reader::new(bytes), FETCH_VERSION).is_ok());
            },
        ),
    ]
}

fn decoding<M: Message<'static> + 'static>(
    name: &str,
    version: i16,
    message: fn() -> M,
    decode: fn(&[u8]),
) -> Case {
    Case::new(name, ITERATIONS, move |_| {
        let mut writer = Writer::new();
        message().encode(&mut writer, version);
        let bytes = writer.into_bytes();
        let run = move |()| decode(black_box(&bytes));
        Ok(Operation::new(PARTITIONS as u64, 0, || (), run))
    })
}

fn encoding<M: Message<'static> + 'static>(name: &str, version: i16, message: fn() -> M) -> Case {
    Case::new(name, ITERATIONS, move |_| {
        let message = message();
        let run = move |()| {
            let mut writer = Writer::new();
            message.encode(&mut writer, version);
            black_box(writer.finish());
        };
        Ok(Operation::new(PARTITIONS as u64, 0, || (), run))
    })
}

fn produce_request() -> ProduceRequest<'static> {
    let partitions = (0..PARTITIONS).map(|index| PartitionProduceData {
        index,
        records: Some(Records::Bytes(BATCH)),
    });
    ProduceRequest {
        transactional_id: None,
        acks: 1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            topic_id: TOPIC,
            partition_data: partitions.collect(),
            ..Default::default()
        }],
    }
}

fn produce_response() -> ProduceResponse<'static> {
    let partitions = (0..PARTITIONS).map(|index| PartitionProduceResponse {
        index,
        base_offset: Offset(1_000_000),
        log_start_offset: Offset::ZERO,
        ..Default::default()
    });
    ProduceResponse {
        responses: vec![TopicProduceResponse {
            topic_id: TOPIC,
            partition_responses: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn fetch_request() -> FetchRequest<'static> {
    let partitions = (0..PARTITIONS).map(|index| FetchPartition {
        partition: PartitionIndex(index),
        current_leader_epoch: LeaderEpoch(4),
        fetch_offset: Offset(1_000_000),
        partition_max_bytes: 1 << 20,
        ..Default::default()
    });
    FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 50 << 20,
        topics: vec![FetchTopic {
            topic_id: TOPIC,
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn fetch_response(records: Records<'static>) -> FetchResponse<'static> {
    let partitions = (0..PARTITIONS).map(|index| PartitionData {
        partition_index: PartitionIndex(index),
        high_watermark: Offset(2_000_000),
        last_stable_offset: Offset(2_000_000),
        log_start_offset: Offset::ZERO,
        records: Some(records),
        ..Default::default()
    });
    FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic_id: TOPIC,
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}
