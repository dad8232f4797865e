use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use ottla_model::{
    ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicId,
    Uuid,
};
use ottla_wire::api::ApiKey;
use ottla_wire::frame::{RequestHeader, decode_request_header, encode_response_header};
use ottla_wire::message::api_versions::{ApiVersion, ApiVersionsResponse};
use ottla_wire::message::init_producer_id::InitProducerIdResponse;
use ottla_wire::message::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use ottla_wire::message::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use ottla_wire::message::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use ottla_wire::{DecodeError, Message, Reader, Str};

use crate::framing::frame;

const ANSWERED: [ApiKey; 5] = [
    ApiKey::Produce,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::ApiVersions,
    ApiKey::InitProducerId,
];

/// librdkafka takes a broker without them for one of before 0.11, and sends it no record batches or compresses none.
const ONLY_CLAIMED: [ApiKey; 2] = [ApiKey::Fetch, ApiKey::FindCoordinator];

const NODE: NodeId = NodeId(1);

/// Who asks for no answer.
const NO_ACKS: i16 = 0;

/// What is said to each request.
pub(super) struct Answers {
    address: SocketAddr,
    partitions: i32,
    next_producer: AtomicI64,
}

impl Answers {
    pub(super) fn new(address: SocketAddr, partitions: i32) -> Self {
        Self {
            address,
            partitions,
            next_producer: AtomicI64::new(0),
        }
    }

    /// The frame that answers one, if it asks for an answer.
    ///
    /// # Errors
    /// When the request is none that is answered here.
    pub(super) fn to(&self, request: &[u8]) -> Result<Option<Bytes>, DecodeError> {
        let mut reader = Reader::new(request);
        let header = decode_request_header(&mut reader)?;
        let unknown = DecodeError::UnknownApi(header.api_key);
        let api = ApiKey::from_code(header.api_key).ok_or_else(|| unknown.clone())?;
        let version = header.api_version;
        let answer = match api {
            ApiKey::Produce => {
                let request = ProduceRequest::decode(&mut reader, version)?;
                if request.acks == NO_ACKS {
                    return Ok(None);
                }
                respond(api, &header, &produced(&request))
            }
            ApiKey::ListOffsets => {
                let request = ListOffsetsRequest::decode(&mut reader, version)?;
                respond(api, &header, &no_offsets(&request))
            }
            ApiKey::Metadata => {
                let request = MetadataRequest::decode(&mut reader, version)?;
                respond(api, &header, &self.metadata(&request))
            }
            ApiKey::InitProducerId => respond(api, &header, &self.producer()),
            ApiKey::ApiVersions => respond(api, &header, &versions()),
            _ => return Err(unknown),
        };
        Ok(Some(answer))
    }

    fn metadata<'a>(&self, request: &MetadataRequest<'a>) -> MetadataResponse<'a> {
        let partition = |index| MetadataResponsePartition {
            partition_index: PartitionIndex(index),
            leader_id: NODE,
            leader_epoch: LeaderEpoch(0),
            replica_nodes: vec![NODE],
            isr_nodes: vec![NODE],
            ..Default::default()
        };
        let topic = |name: &Str<'a>| MetadataResponseTopic {
            topic_id: id_of(name),
            name: Some(name.clone()),
            partitions: (0..self.partitions).map(partition).collect(),
            ..Default::default()
        };
        let asked = request.topics.iter().flatten();
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: NODE,
                host: self.address.ip().to_string().into(),
                port: self.address.port().into(),
                rack: None,
            }],
            cluster_id: Some(Str::Borrowed("echo")),
            controller_id: NODE,
            topics: asked
                .filter_map(|asked| asked.name.as_ref().map(topic))
                .collect(),
            ..Default::default()
        }
    }

    fn producer(&self) -> InitProducerIdResponse {
        InitProducerIdResponse {
            producer_id: ProducerId(self.next_producer.fetch_add(1, Ordering::Relaxed)),
            producer_epoch: ProducerEpoch(0),
            ..Default::default()
        }
    }
}

fn respond<'m>(api: ApiKey, header: &RequestHeader<'_>, response: &impl Message<'m>) -> Bytes {
    frame(|writer| {
        encode_response_header(writer, api, header.api_version, header.correlation_id);
        response.encode(writer, header.api_version);
    })
}

fn versions() -> ApiVersionsResponse<'static> {
    let api_keys = ANSWERED
        .into_iter()
        .chain(ONLY_CLAIMED)
        .map(|key| ApiVersion {
            api_key: key.code(),
            min_version: key.api().min_version,
            max_version: key.api().max_version,
        });
    ApiVersionsResponse {
        api_keys: api_keys.collect(),
        ..Default::default()
    }
}

/// One of its own for each topic that a load could mean, though nobody keeps them.
fn id_of(name: &str) -> TopicId {
    TopicId(Uuid::from_u128(
        1 + u128::from(crc32c::crc32c(name.as_bytes())),
    ))
}

fn produced<'a>(request: &ProduceRequest<'a>) -> ProduceResponse<'a> {
    let topics = request.topic_data.iter().map(|topic| TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|partition| PartitionProduceResponse {
                index: partition.index,
                base_offset: Offset(0),
                ..Default::default()
            })
            .collect(),
    });
    ProduceResponse {
        responses: topics.collect(),
        ..Default::default()
    }
}

/// Every partition begins and ends at 0.
fn no_offsets<'a>(request: &ListOffsetsRequest<'a>) -> ListOffsetsResponse<'a> {
    let topics = request.topics.iter().map(|topic| ListOffsetsTopicResponse {
        name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|partition| ListOffsetsPartitionResponse {
                partition_index: partition.partition_index,
                error_code: ErrorCode::None,
                offset: Offset(0),
                leader_epoch: LeaderEpoch(0),
                ..Default::default()
            })
            .collect(),
    });
    ListOffsetsResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use ottla_wire::Records;
    use ottla_wire::frame::{decode_response_header, encode_request_header};
    use ottla_wire::message::metadata::MetadataRequestTopic;
    use ottla_wire::message::produce::{PartitionProduceData, TopicProduceData};

    use super::*;

    fn answers() -> Answers {
        Answers::new("127.0.0.1:9999".parse().unwrap(), 3)
    }

    /// The frame that answers the request, and where its body begins.
    fn ask<'m>(api: ApiKey, version: i16, request: &impl Message<'m>) -> Option<(Bytes, usize)> {
        let header = RequestHeader {
            api_key: api.code(),
            api_version: version,
            correlation_id: 77,
            client_id: None,
        };
        let asked = frame(|writer| {
            encode_request_header(writer, &header);
            request.encode(writer, version);
        });
        let answer = answers().to(&asked[4..]).unwrap()?;
        let mut reader = Reader::new(&answer[4..]);
        assert_eq!(decode_response_header(&mut reader, api, version), Ok(77));
        let body = answer.len() - reader.rest().len();
        Some((answer, body))
    }

    #[test]
    fn any_topic_exists_in_every_version() {
        for version in ApiKey::Metadata.api().versions() {
            let request = MetadataRequest {
                topics: Some(vec![MetadataRequestTopic {
                    topic_id: TopicId::NONE,
                    name: Some(Str::Borrowed("loaded")),
                }]),
                allow_auto_topic_creation: true,
                ..Default::default()
            };
            let (answer, body) = ask(ApiKey::Metadata, version, &request).unwrap();
            let mut reader = Reader::new(&answer[body..]);
            let response = MetadataResponse::decode(&mut reader, version).unwrap();
            reader.finish().unwrap();
            assert_eq!(response.brokers[0].port, 9999);
            let topic = &response.topics[0];
            assert_eq!(topic.name.as_deref(), Some("loaded"));
            assert_eq!(topic.partitions.len(), 3);
        }
    }

    #[test]
    fn every_partition_that_is_produced_to_is_answered_unless_nobody_asks() {
        for version in ApiKey::Produce.api().versions() {
            for acks in [-1, 0, 1] {
                let request = ProduceRequest {
                    acks,
                    topic_data: vec![TopicProduceData {
                        name: Str::Borrowed("loaded"),
                        topic_id: id_of("loaded"),
                        partition_data: [4, 2]
                            .map(|index| PartitionProduceData {
                                index,
                                records: Some(Records::Bytes(b"batch")),
                            })
                            .to_vec(),
                    }],
                    ..Default::default()
                };
                let Some((answer, body)) = ask(ApiKey::Produce, version, &request) else {
                    assert_eq!(acks, 0);
                    continue;
                };
                let mut reader = Reader::new(&answer[body..]);
                let response = ProduceResponse::decode(&mut reader, version).unwrap();
                reader.finish().unwrap();
                let partitions = &response.responses[0].partition_responses;
                let told = partitions
                    .iter()
                    .map(|partition| (partition.index, partition.error_code));
                assert!(told.eq([(4, ErrorCode::None), (2, ErrorCode::None)]));
            }
        }
    }

    #[test]
    fn producers_have_ids_of_their_own() {
        let answers = answers();
        let ids = [answers.producer(), answers.producer()].map(|response| response.producer_id);
        assert_eq!(ids, [ProducerId(0), ProducerId(1)]);
    }

    #[test]
    fn what_is_not_answered_is_an_error() {
        let header = RequestHeader {
            api_key: ApiKey::Fetch.code(),
            api_version: 12,
            correlation_id: 1,
            client_id: None,
        };
        let asked = frame(|writer| encode_request_header(writer, &header));
        let refused = answers().to(&asked[4..]).unwrap_err();
        assert_eq!(refused, DecodeError::UnknownApi(ApiKey::Fetch.code()));
        assert!(answers().to(b"").is_err());
    }
}
