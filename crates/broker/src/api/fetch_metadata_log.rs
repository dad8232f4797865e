//! Fetch on a controller's listener (KIP-595): another replica of the metadata log asks for what follows its own. Without sessions,
//! for the one partition there is.

use futures::future::{Either, select};
use ottla_env::{Clock, Env, FilePiece};
use ottla_log::ReadError;
use ottla_model::{ErrorCode, Monotonic, Offset, PartitionIndex, TopicId};
use ottla_raft::{Answer as RaftAnswer, Body, Fetch, Fetched, Position};
use ottla_wire::api::ApiKey;
use ottla_wire::codec::{DecodeError, Reader};
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::fetch::{
    EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchableTopicResponse,
    LeaderIdAndEpoch, NodeEndpoint, PartitionData, SnapshotId,
};
use ottla_wire::{Message, Records};

use crate::FileOf;
use crate::dispatch::{Answer, respond_with_files};
use crate::node::Node;
use crate::quorum::{admit, leader_endpoint, only_partition, replica};
use crate::request::{Caller, Context};

/// What the quorum says, and what there is to read.
struct Outcome<F> {
    answer: RaftAnswer,
    code: ErrorCode,
    pieces: Vec<FilePiece<F>>,
    bytes: u64,
}

/// A fetch that is decoded, without anything of its frame.
pub(crate) struct Asked {
    fetch: Fetch,
    /// What the replica knows.
    high_watermark: Offset,
    max_bytes: u64,
    deadline: Monotonic,
}

/// All that needs the bytes of the request. The answer may be long in coming, and should not hold them until then.
pub(crate) fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
) -> Result<Result<Asked, ErrorCode>, DecodeError> {
    let request = FetchRequest::decode(body, context.version)?;
    Ok(accept(node, context, &request))
}

fn accept<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &FetchRequest<'_>,
) -> Result<Asked, ErrorCode> {
    admit(node, context, request.cluster_id.as_deref())?;
    let asked = partition(request)?;
    // The two places where versions carry the id; the other one is -1.
    let id = request.replica_id.max(request.replica_state.replica_id);
    let max_bytes = u64::try_from(request.max_bytes).unwrap_or(0);
    let max_wait = node.options.longest_wait(request.max_wait_ms);
    Ok(Asked {
        fetch: Fetch {
            replica: replica(id, asked.replica_directory_id),
            epoch: asked.current_leader_epoch,
            offset: asked.fetch_offset,
            last_epoch: asked.last_fetched_epoch,
            max_wait_ms: request.max_wait_ms,
        },
        high_watermark: asked.high_watermark,
        max_bytes: max_bytes.min(node.config.quorum_fetch_max_bytes()),
        deadline: node.env.clock().monotonic() + max_wait,
    })
}

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    asked: Result<Asked, ErrorCode>,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let outcome = match asked {
        Ok(asked) => fetch(node, &asked).await,
        Err(code) => Err(code),
    };
    let (response, pieces) = match outcome {
        Ok(outcome) => assemble(node, caller, outcome),
        Err(error_code) => {
            let response = FetchResponse {
                error_code,
                ..Default::default()
            };
            (response, Vec::new())
        }
    };
    respond_with_files(ApiKey::Fetch, header, &response, pieces).map(Some)
}

/// Reads once, or again and again until there is something to say or the time is up.
async fn fetch<E: Env>(node: &Node<E>, asked: &Asked) -> Result<Outcome<FileOf<E>>, ErrorCode> {
    let Asked {
        fetch, deadline, ..
    } = *asked;
    loop {
        // Listening begins before looking: what comes between the two must not be missed.
        let news = node.quorum.listen();
        let answer = node.quorum.fetch(fetch).await?;
        let outcome = read(node, answer, fetch.offset, asked.max_bytes);
        let has_something = match &outcome.answer.body {
            Body::Fetch(fetched) => {
                let has_moved = |high_watermark| high_watermark > asked.high_watermark;
                fetched.position != Position::Valid || fetched.high_watermark.is_some_and(has_moved)
            }
            _ => true,
        };
        let is_late = node.env.clock().monotonic() >= deadline;
        if has_something || is_late || outcome.bytes > 0 || outcome.code != ErrorCode::None {
            return Ok(outcome);
        }
        let timeout = std::pin::pin!(node.env.clock().sleep_until(deadline));
        match select(news, timeout).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}

/// # Errors
/// INVALID_REQUEST for anything but the one partition of the metadata log. Versions that name topics are too old for replicas.
fn partition<'a>(request: &'a FetchRequest<'_>) -> Result<&'a FetchPartition, ErrorCode> {
    let (topic, asked) = only_partition(&request.topics, |topic| &topic.partitions)?;
    let is_it = topic.topic_id == TopicId::METADATA && asked.partition == PartitionIndex(0);
    is_it.then_some(asked).ok_or(ErrorCode::InvalidRequest)
}

fn read<E: Env>(
    node: &Node<E>,
    answer: RaftAnswer,
    from: Offset,
    max_bytes: u64,
) -> Outcome<FileOf<E>> {
    let mut outcome = Outcome {
        code: answer.code,
        answer,
        pieces: Vec::new(),
        bytes: 0,
    };
    let Body::Fetch(Fetched {
        end,
        position: Position::Valid,
        ..
    }) = outcome.answer.body
    else {
        return outcome;
    };
    match node.metadata.read(from, max_bytes, end) {
        Ok(slice) => {
            outcome.pieces = slice.pieces;
            outcome.bytes = slice.bytes;
        }
        Err(ReadError::OutOfRange { .. }) => outcome.code = ErrorCode::OffsetOutOfRange,
        Err(error @ (ReadError::Io(_) | ReadError::Corrupt { .. })) => {
            tracing::error!(%error, "cannot read the metadata log");
            outcome.code = ErrorCode::UnknownServerError;
        }
    }
    outcome
}

fn assemble<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    outcome: Outcome<FileOf<E>>,
) -> (FetchResponse<'static>, Vec<FilePiece<FileOf<E>>>) {
    let answer = &outcome.answer;
    let length = u32::try_from(outcome.bytes).expect("what is read is limited to 2 GiB");
    let mut data = PartitionData {
        error_code: outcome.code,
        high_watermark: Offset::UNKNOWN,
        last_stable_offset: Offset::UNKNOWN,
        log_start_offset: node.metadata.log_start(),
        current_leader: LeaderIdAndEpoch {
            leader_id: answer.leader,
            leader_epoch: answer.epoch,
            ..Default::default()
        },
        records: Some(Records::Hole(length)),
        ..Default::default()
    };
    if let Body::Fetch(fetched) = answer.body {
        data.high_watermark = fetched.high_watermark.unwrap_or(Offset::UNKNOWN);
        match fetched.position {
            Position::Valid => {}
            Position::Diverging { epoch, end } => {
                data.diverging_epoch = EpochEndOffset {
                    epoch,
                    end_offset: end,
                    ..Default::default()
                };
            }
            Position::Snapshot(id) => {
                data.snapshot_id = SnapshotId {
                    end_offset: id.end_offset,
                    epoch: id.epoch,
                    ..Default::default()
                };
            }
        }
    }
    let endpoint = leader_endpoint(node, caller, answer);
    let node_endpoints = endpoint.into_iter().map(|endpoint| NodeEndpoint {
        node_id: answer.leader,
        host: endpoint.host.into(),
        port: endpoint.port.into(),
        ..Default::default()
    });
    let response = FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic_id: TopicId::METADATA,
            partitions: vec![data],
            ..Default::default()
        }],
        node_endpoints: node_endpoints.collect(),
        ..Default::default()
    };
    (response, outcome.pieces)
}
