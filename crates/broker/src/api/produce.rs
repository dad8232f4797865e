//! Produce: checks each batch, hands it to the lane of its partition, answers when all have an answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{Either, join_all, select};
use ottla_env::{Clock, Env};
use ottla_log::validate::{InvalidBatch, validate};
use ottla_model::{ErrorCode, NodeId, Offset, PartitionIndex, TopicId};
use ottla_replica::Acks;
use ottla_wire::api::ApiKey;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use ottla_wire::{Message, Records};

use crate::authorize::{Operation, Resource};
use crate::dispatch::{Answer, Close, respond};
use crate::lane::{Append, Appended, Job};
use crate::node::Node;
use crate::partition::Partition;
use crate::request::Context;

const NO_ACKS: i16 = 0;
const LEADER_ACKS: i16 = 1;
const ALL_ACKS: i16 = -1;
/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    body: &mut Reader<'_>,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let request = ProduceRequest::decode(body, header.api_version)?;
    let acks = request.acks;
    let response = handle(node, context, frame, request).await;
    if acks != NO_ACKS {
        return respond(ApiKey::Produce, header, &response).map(Some);
    }
    // The client does not listen for an answer; a closed connection is the one sign it can get.
    let failure = response
        .responses
        .iter()
        .flat_map(|t| &t.partition_responses)
        .find(|p| p.error_code != ErrorCode::None);
    match failure {
        None => Ok(None),
        Some(failed) => Err(Close(format!(
            "a produce without acknowledgement failed with {}",
            failed.error_code
        ))),
    }
}

async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    request: ProduceRequest<'_>,
) -> ProduceResponse<'static> {
    let deadline =
        node.env.clock().monotonic() + Duration::from_millis(request.timeout_ms.max(0) as u64);
    // Every batch is with its lane before the first answer is waited for.
    let mut topics = Vec::with_capacity(request.topic_data.len());
    for topic in &request.topic_data {
        let target = Target::find(node, context, topic.topic_id, &topic.name);
        let pending = topic
            .partition_data
            .iter()
            .map(|data| {
                (
                    PartitionIndex(data.index),
                    begin(node, context, frame, &request, &target, data),
                )
            })
            .collect::<Vec<_>>();
        topics.push((topic, pending));
    }
    let mut responses = Vec::with_capacity(topics.len());
    for (topic, pending) in topics {
        let partition_responses = join_all(
            pending
                .into_iter()
                .map(|(index, begun)| finish(node, index, begun, deadline)),
        )
        .await;
        responses.push(TopicProduceResponse {
            name: topic.name.to_string().into(),
            topic_id: topic.topic_id,
            partition_responses,
            ..Default::default()
        });
    }
    let has_moved = |p: &PartitionProduceResponse<'_>| p.current_leader.leader_id != NodeId::NONE;
    let node_endpoints = if responses
        .iter()
        .flat_map(|t| &t.partition_responses)
        .any(has_moved)
    {
        node.endpoints(context.caller)
            .into_iter()
            .map(|e| NodeEndpoint {
                node_id: e.id,
                host: e.host.into(),
                port: e.port.into(),
                rack: e.rack.map(Into::into),
                ..Default::default()
            })
            .collect()
    } else {
        Vec::new()
    };
    ProduceResponse {
        responses,
        node_endpoints,
        throttle_time_ms: 0,
        ..Default::default()
    }
}

/// What a topic of the request means here.
struct Target {
    topic: Result<(Arc<str>, TopicId), ErrorCode>,
}

impl Target {
    fn find<E: Env>(node: &Node<E>, context: Context<'_>, id: TopicId, name: &str) -> Self {
        let image = node.image();
        let by_id = context.version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let topic = if by_id {
            image.topics().by_id(id)
        } else {
            image.topics().by_name(name)
        };
        let unknown = if by_id {
            ErrorCode::UnknownTopicId
        } else {
            ErrorCode::UnknownTopicOrPartition
        };
        let topic = topic.ok_or(unknown).and_then(|topic| {
            if node.allowed(
                context.caller,
                Operation::Write,
                Resource::Topic(&topic.name),
            ) {
                Ok((Arc::clone(&topic.name), topic.id))
            } else {
                Err(ErrorCode::TopicAuthorizationFailed)
            }
        });
        Self { topic }
    }
}

/// Why a batch gets no offset.
struct Refusal {
    code: ErrorCode,
    message: Option<String>,
    records: Vec<(i32, String)>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
            records: Vec::new(),
        }
    }
}

impl From<InvalidBatch> for Refusal {
    fn from(invalid: InvalidBatch) -> Self {
        Self {
            code: invalid.code(),
            message: Some(invalid.to_string()),
            records: invalid.into_record_errors(),
        }
    }
}

type Begun<E> = (
    Option<Arc<Partition<E>>>,
    Result<oneshot::Receiver<Result<Appended, crate::lane::AppendFailure>>, Refusal>,
);

fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    request: &ProduceRequest<'_>,
    target: &Target,
    data: &PartitionProduceData<'_>,
) -> Begun<E> {
    let (topic, id) = match &target.topic {
        Ok(found) => found,
        Err(code) => return (None, Err((*code).into())),
    };
    let Some(partition) = node.partitions.get(*id, PartitionIndex(data.index)) else {
        return (
            None,
            Err(node
                .absent_partition_error(*id, PartitionIndex(data.index))
                .into()),
        );
    };
    let sent = send(node, context, frame, request, topic, &partition, data);
    (Some(partition), sent)
}

fn send<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    request: &ProduceRequest<'_>,
    topic: &str,
    partition: &Arc<Partition<E>>,
    data: &PartitionProduceData<'_>,
) -> Result<oneshot::Receiver<Result<Appended, crate::lane::AppendFailure>>, Refusal> {
    if !matches!(request.acks, NO_ACKS | LEADER_ACKS | ALL_ACKS) {
        return Err(ErrorCode::InvalidRequiredAcks.into());
    }
    if crate::topic::is_internal(topic) && context.client_id != Some(crate::topic::ADMIN_CLIENT_ID)
    {
        return Err(ErrorCode::InvalidTopicException.into());
    }
    let leader_epoch = partition
        .leader_epoch()
        .ok_or(ErrorCode::NotLeaderOrFollower)?;
    let config = partition.config.load();
    let rules = crate::topic_rules::append_rules(&config, context.version);
    let records = match &data.records {
        Some(Records::Bytes(bytes)) => *bytes,
        _ => &[],
    };
    let batch = validate(frame.slice_ref(records), &rules, node.env.clock().wall())?;
    let (reply, answer) = oneshot::channel();
    partition.lane.send(Job::Append(Append {
        key: partition.key,
        batch,
        leader_epoch,
        acks: if request.acks == ALL_ACKS {
            Acks::All
        } else {
            Acks::Leader
        },
        reply,
    }));
    Ok(answer)
}

async fn finish<E: Env>(
    node: &Node<E>,
    index: PartitionIndex,
    (partition, begun): Begun<E>,
    deadline: ottla_model::Monotonic,
) -> PartitionProduceResponse<'static> {
    let refusal = match begun {
        Err(refusal) => refusal,
        Ok(answer) => match select(
            answer,
            std::pin::pin!(node.env.clock().sleep_until(deadline)),
        )
        .await
        {
            Either::Left((Ok(Ok(done)), _)) => {
                return PartitionProduceResponse {
                    index: index.0,
                    base_offset: done.base_offset,
                    log_append_time_ms: done.log_append_time,
                    log_start_offset: done.log_start_offset,
                    ..Default::default()
                };
            }
            Either::Left((Ok(Err(failure)), _)) => Refusal {
                code: failure.code,
                message: failure.message,
                records: Vec::new(),
            },
            // The lane has closed under us: the node is stopping, another one may lead soon.
            Either::Left((Err(oneshot::Canceled), _)) => ErrorCode::NotLeaderOrFollower.into(),
            Either::Right(_) => ErrorCode::RequestTimedOut.into(),
        },
    };
    let current_leader = match (&partition, refusal.code) {
        (Some(partition), ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) => {
            let (leader_id, leader_epoch) =
                node.leader_of(partition.key.topic, partition.key.index);
            LeaderIdAndEpoch {
                leader_id,
                leader_epoch,
                ..Default::default()
            }
        }
        _ => LeaderIdAndEpoch::default(),
    };
    PartitionProduceResponse {
        index: index.0,
        error_code: refusal.code,
        base_offset: Offset::UNKNOWN,
        error_message: refusal.message.map(Into::into),
        record_errors: refusal
            .records
            .into_iter()
            .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                batch_index,
                batch_index_error_message: Some(message.into()),
                ..Default::default()
            })
            .collect(),
        current_leader,
        ..Default::default()
    }
}
