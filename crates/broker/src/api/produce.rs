//! Produce: checks each batch, hands it to the lane of its partition, answers when all have an answer.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{Either, join_all, select};
use ottla_env::{Clock, Env};
use ottla_log::validate::{InvalidBatch, validate};
use ottla_model::{ErrorCode, Monotonic, NodeId, Offset, PartitionIndex, TopicId};
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
use crate::internal_topics::{ADMIN_CLIENT_ID, is_internal};
use crate::lane::{Append, AppendFailure, Appended, Job};
use crate::node::Node;
use crate::partition::Partition;
use crate::request::Context;
use crate::topic_rules::append_rules;

const NO_ACKS: i16 = 0;
const LEADER_ACKS: i16 = 1;
const ALL_ACKS: i16 = -1;
/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;
/// Bytes of batches that one request has at its lanes at once. What is packed again for a topic of another codec may be many times what
/// was received, and is not in the budget of requests.
const MOST_AT_LANES: usize = 64 << 20;
/// How long the batches of one request are checked before others have their turn: few bytes may unpack to many.
const TURN: Duration = Duration::from_millis(10);

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
    let clock = node.env.clock();
    let mut turn_began = clock.monotonic();
    // Nearly always every batch is with its lane before the first answer is waited for.
    let (mut waiting, mut bytes_waiting) = (Vec::new(), 0);
    let mut answered = Vec::new();
    for (place, topic) in request.topic_data.iter().enumerate() {
        let target = Target::find(node, context, topic.topic_id, &topic.name);
        for data in &topic.partition_data {
            let begun = begin(node, context, frame, &request, &target, data);
            bytes_waiting += begun.bytes;
            waiting.push((place, begun));
            if bytes_waiting >= MOST_AT_LANES {
                answered.extend(finish_all(node, waiting.drain(..), deadline).await);
                bytes_waiting = 0;
            }
            if clock.monotonic() - turn_began > TURN {
                let_others().await;
                turn_began = clock.monotonic();
            }
        }
    }
    answered.extend(finish_all(node, waiting, deadline).await);
    let topics = request.topic_data.iter();
    let mut responses: Vec<_> = topics
        .map(|topic| TopicProduceResponse {
            name: topic.name.to_string().into(),
            topic_id: topic.topic_id,
            partition_responses: Vec::with_capacity(topic.partition_data.len()),
            ..Default::default()
        })
        .collect();
    for (place, answer) in answered {
        responses[place].partition_responses.push(answer);
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

type Answered = oneshot::Receiver<Result<Appended, AppendFailure>>;

/// A batch that is with its lane, or why it is not.
struct Begun<E: Env> {
    index: PartitionIndex,
    partition: Option<Arc<Partition<E>>>,
    sent: Result<Answered, Refusal>,
    /// Of the batch as it is with the lane.
    bytes: usize,
}

fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    request: &ProduceRequest<'_>,
    target: &Target,
    data: &PartitionProduceData<'_>,
) -> Begun<E> {
    let index = PartitionIndex(data.index);
    let refused = |code: ErrorCode| Begun {
        index,
        partition: None,
        sent: Err(code.into()),
        bytes: 0,
    };
    let (topic, id) = match &target.topic {
        Ok(found) => found,
        Err(code) => return refused(*code),
    };
    let Some(partition) = node.partitions.get(*id, index) else {
        return refused(node.absent_partition_error(*id, index));
    };
    let (sent, bytes) = match send(node, context, frame, request, topic, &partition, data) {
        Ok((answered, bytes)) => (Ok(answered), bytes),
        Err(refusal) => (Err(refusal), 0),
    };
    Begun {
        index,
        partition: Some(partition),
        sent,
        bytes,
    }
}

fn send<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    frame: &Bytes,
    request: &ProduceRequest<'_>,
    topic: &str,
    partition: &Arc<Partition<E>>,
    data: &PartitionProduceData<'_>,
) -> Result<(Answered, usize), Refusal> {
    if !matches!(request.acks, NO_ACKS | LEADER_ACKS | ALL_ACKS) {
        return Err(ErrorCode::InvalidRequiredAcks.into());
    }
    if is_internal(topic) && context.client_id != Some(ADMIN_CLIENT_ID) {
        return Err(ErrorCode::InvalidTopicException.into());
    }
    let leader_epoch = partition
        .leader_epoch()
        .ok_or(ErrorCode::NotLeaderOrFollower)?;
    let config = partition.config.load();
    let rules = append_rules(&config, context.version);
    let records = match &data.records {
        Some(Records::Bytes(bytes)) => *bytes,
        _ => &[],
    };
    let batch = validate(frame.slice_ref(records), &rules, node.env.clock().wall())?;
    let bytes = batch.header().size;
    let (reply, answered) = oneshot::channel();
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
    Ok((answered, bytes))
}

/// Answers in the order of `begun`, each with its place.
async fn finish_all<E: Env>(
    node: &Node<E>,
    begun: impl IntoIterator<Item = (usize, Begun<E>)>,
    deadline: Monotonic,
) -> Vec<(usize, PartitionProduceResponse<'static>)> {
    let finished = begun
        .into_iter()
        .map(async |(place, begun)| (place, finish(node, begun, deadline).await));
    join_all(finished).await
}

async fn finish<E: Env>(
    node: &Node<E>,
    begun: Begun<E>,
    deadline: Monotonic,
) -> PartitionProduceResponse<'static> {
    let Begun {
        index,
        partition,
        sent,
        ..
    } = begun;
    let refusal = match sent {
        Err(refusal) => refusal,
        Ok(answered) => {
            match select(answered, pin!(node.env.clock().sleep_until(deadline))).await {
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
            }
        }
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

/// Goes on when all others that are ready have had a turn.
async fn let_others() {
    let mut has_waited = false;
    poll_fn(|task| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
