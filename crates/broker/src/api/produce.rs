//! Produce: checks each batch, hands it to the lane of its partition, answers when all have an answer.

mod begin;

use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_log::validate::InvalidBatch;
use ottla_model::{ErrorCode, Monotonic, NodeId, Offset, PartitionIndex, TopicId};
use ottla_security::Limit;
use ottla_wire::api::ApiKey;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse,
    ProduceResponse, TopicProduceResponse,
};

pub(crate) use begin::begin;

use crate::dispatch::{Answer, Close, respond, throttle_time};
use crate::lane::{Answers, AppendFailure, Outcome};
use crate::node::Node;
use crate::partition::Partition;
use crate::request::Caller;

const NO_ACKS: i16 = 0;

/// A request whose batches are with their lanes. It is answered by [`Begun::answer`], once [`Begun::poll_complete`] says so or its
/// [deadline](Begun::deadline) has passed.
pub(crate) struct Begun<E: Env> {
    header: RequestHeader<'static>,
    acks: i16,
    topics: Vec<BegunTopic<E>>,
    answers: Answers,
    deadline: Monotonic,
    used: Used,
}

/// What counts against quotas, where its client has any.
struct Used {
    bytes: usize,
    of_bytes: Option<Limit>,
    time: Duration,
    of_time: Option<Limit>,
}

impl Used {
    /// For how long the client is silent, in milliseconds.
    fn throttle_time<E: Env>(&self, node: &Node<E>, caller: &Caller, acks: i16) -> i32 {
        let of_bytes = self.of_bytes.as_ref().map_or(0, |limit| {
            let now = node.env.clock().monotonic();
            let excess = node.client_quotas.produced(limit, self.bytes, now);
            caller.mute(excess, now)
        });
        let of_time = self.of_time.as_ref().filter(|_| acks != NO_ACKS);
        let of_time = of_time.map_or(0, |limit| throttle_time(node, caller, limit, self.time));
        of_bytes.max(of_time)
    }
}

struct BegunTopic<E: Env> {
    name: String,
    id: TopicId,
    partitions: Vec<BegunPartition<E>>,
}

/// A batch that is with its lane, or why it is not.
struct BegunPartition<E: Env> {
    index: PartitionIndex,
    partition: Option<Arc<Partition<E>>>,
    sent: Result<(), Refusal>,
}

impl<E: Env> Begun<E> {
    /// Ready when every batch has its outcome.
    pub(crate) fn poll_complete(&self, task: &mut task::Context<'_>) -> Poll<()> {
        self.answers.poll_complete(task)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.answers.is_complete()
    }

    /// When the client no longer waits for an answer.
    pub(crate) fn deadline(&self) -> Monotonic {
        self.deadline
    }

    /// What goes out: of batches that have no outcome yet, that the time is up.
    ///
    /// # Errors
    /// For a failure that its client can learn of in no other way.
    pub(crate) fn answer(self, node: &Node<E>, caller: &Caller) -> Answer<E> {
        let Self {
            header,
            acks,
            topics,
            answers,
            used,
            ..
        } = self;
        let mut outcomes = answers.into_outcomes().into_iter();
        let responses: Vec<_> = topics
            .into_iter()
            .map(|topic| TopicProduceResponse {
                name: topic.name.into(),
                topic_id: topic.id,
                partition_responses: topic
                    .partitions
                    .into_iter()
                    .map(|begun| finish(node, begun, &mut outcomes))
                    .collect(),
                ..Default::default()
            })
            .collect();
        assert!(outcomes.next().is_none(), "an outcome per batch");
        let throttle_time_ms = used.throttle_time(node, caller, acks);
        let partitions = || responses.iter().flat_map(|t| &t.partition_responses);
        if acks == NO_ACKS {
            // The client does not listen for an answer; a closed connection is the one sign it can get.
            let failure = partitions().find(|p| p.error_code != ErrorCode::None);
            return failure.map_or(Ok(None), |failed| {
                Err(Close(format!(
                    "a produce without acknowledgement failed with {}",
                    failed.error_code
                )))
            });
        }
        let has_moved = partitions().any(|p| p.current_leader.leader_id != NodeId::NONE);
        let response = ProduceResponse {
            node_endpoints: if has_moved {
                node_endpoints(node, caller)
            } else {
                Vec::new()
            },
            responses,
            throttle_time_ms,
            ..Default::default()
        };
        respond(ApiKey::Produce, &header, &response).map(Some)
    }
}

fn node_endpoints<E: Env>(node: &Node<E>, caller: &Caller) -> Vec<NodeEndpoint<'static>> {
    let endpoints = node.endpoints(caller).into_iter();
    endpoints
        .map(|e| NodeEndpoint {
            node_id: e.id,
            host: e.host.into(),
            port: e.port.into(),
            rack: e.rack.map(Into::into),
            ..Default::default()
        })
        .collect()
}

/// Why a batch gets no offset.
struct Refusal {
    code: ErrorCode,
    message: Option<String>,
    /// The answer says where the log begins, as those of Apache Kafka do whose log has looked at the batch.
    tells_log_start: bool,
    records: Vec<(i32, String)>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
            tells_log_start: false,
            records: Vec::new(),
        }
    }
}

impl From<AppendFailure> for Refusal {
    fn from(failure: AppendFailure) -> Self {
        Self {
            tells_log_start: matches!(
                failure.code,
                ErrorCode::OutOfOrderSequenceNumber
                    | ErrorCode::InvalidProducerEpoch
                    | ErrorCode::InvalidTxnState
                    | ErrorCode::NotEnoughReplicas
            ),
            code: failure.code,
            message: failure.message,
            records: Vec::new(),
        }
    }
}

impl From<InvalidBatch> for Refusal {
    fn from(invalid: InvalidBatch) -> Self {
        Self {
            code: invalid.code(),
            message: Some(invalid.to_string()),
            tells_log_start: invalid.tells_log_start(),
            records: invalid.into_record_errors(),
        }
    }
}

/// Takes one of `outcomes` if the batch was sent.
fn finish<E: Env>(
    node: &Node<E>,
    begun: BegunPartition<E>,
    outcomes: &mut impl Iterator<Item = Outcome>,
) -> PartitionProduceResponse<'static> {
    let BegunPartition {
        index,
        partition,
        sent,
    } = begun;
    let refusal = match sent {
        Err(refusal) => refusal,
        Ok(()) => match outcomes
            .next()
            .expect("a batch that is sent has an outcome")
        {
            Outcome::Told(Ok(done)) => {
                return PartitionProduceResponse {
                    index: index.0,
                    base_offset: done.base_offset,
                    log_append_time_ms: done.log_append_time,
                    log_start_offset: done.log_start_offset,
                    ..Default::default()
                };
            }
            Outcome::Told(Err(failure)) => failure.into(),
            // The lane has closed under us: the node is stopping, another one may lead soon.
            Outcome::Dropped => ErrorCode::NotLeaderOrFollower.into(),
            Outcome::Open => ErrorCode::RequestTimedOut.into(),
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
    let log_start = partition
        .filter(|_| refusal.tells_log_start)
        .and_then(|partition| partition.open_reader())
        .map_or(Offset::UNKNOWN, |reader| reader.log_start());
    PartitionProduceResponse {
        index: index.0,
        error_code: refusal.code,
        log_start_offset: log_start,
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
