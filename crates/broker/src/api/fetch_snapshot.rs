//! FetchSnapshot (KIP-630): a replica reads a snapshot of the metadata log, piece by piece.

use ottla_env::{Env, FilePiece};
use ottla_model::{ErrorCode, LeaderEpoch, NodeId, Offset};
use ottla_raft::checkpoint::SnapshotId as RaftSnapshotId;
use ottla_raft::{Answer as RaftAnswer, Request};
use ottla_wire::api::ApiKey;
use ottla_wire::codec::Reader;
use ottla_wire::frame::RequestHeader;
use ottla_wire::message::fetch_snapshot::{
    FetchSnapshotRequest, FetchSnapshotResponse, LeaderIdAndEpoch, NodeEndpoint,
    RequestPartitionSnapshot, ResponsePartitionSnapshot, ResponseTopicSnapshot, SnapshotId,
};
use ottla_wire::{Message, Records};

use crate::FileOf;
use crate::dispatch::{Answer, respond_with_files};
use crate::node::Node;
use crate::quorum::{admit, is_metadata_partition, leader_endpoint, only_partition};
use crate::request::Context;

/// A piece of a snapshot, and how large the snapshot is in bytes.
type Slice<E> = (FilePiece<FileOf<E>>, u64);

pub(crate) async fn answer<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    body: &mut Reader<'_>,
    header: &RequestHeader<'_>,
) -> Answer<E> {
    let request = FetchSnapshotRequest::decode(body, header.api_version)?;
    let (response, pieces) = match fetch(node, context, &request).await {
        Ok(fetched) => fetched,
        Err(error_code) => {
            let response = FetchSnapshotResponse {
                error_code,
                ..Default::default()
            };
            (response, Vec::new())
        }
    };
    respond_with_files(ApiKey::FetchSnapshot, header, &response, pieces).map(Some)
}

async fn fetch<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &FetchSnapshotRequest<'_>,
) -> Result<(FetchSnapshotResponse<'static>, Vec<FilePiece<FileOf<E>>>), ErrorCode> {
    admit(node, context, request.cluster_id.as_deref())?;
    let (topic, asked) = only_partition(&request.topics, |topic| &topic.partitions)?;
    let mut partition = ResponsePartitionSnapshot {
        index: asked.partition,
        current_leader: LeaderIdAndEpoch {
            leader_id: NodeId::NONE,
            leader_epoch: LeaderEpoch::NONE,
            ..Default::default()
        },
        unaligned_records: Records::Hole(0),
        ..Default::default()
    };
    let mut node_endpoints = Vec::new();
    let mut pieces = Vec::new();
    if is_metadata_partition(&topic.name, asked.partition) {
        let epoch = asked.current_leader_epoch;
        let leads = node.quorum.answer(Request::FetchSnapshot { epoch }).await?;
        partition.current_leader.leader_id = leads.leader;
        partition.current_leader.leader_epoch = leads.epoch;
        node_endpoints.extend(endpoint(node, context, &leads));
        let slice = match leads.code {
            ErrorCode::None => slice(node, request, asked),
            code => Err(code),
        };
        match slice {
            Ok((piece, size)) => {
                let length = u32::try_from(piece.length).expect("a piece is limited by an i32");
                partition.snapshot_id = asked.snapshot_id.clone();
                partition.size = size.cast_signed();
                partition.position = asked.position;
                partition.unaligned_records = Records::Hole(length);
                pieces.push(piece);
            }
            Err(code) => partition.error_code = code,
        }
    } else {
        partition.error_code = ErrorCode::UnknownTopicOrPartition;
    }
    let response = FetchSnapshotResponse {
        topics: vec![ResponseTopicSnapshot {
            name: topic.name.to_string().into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        node_endpoints,
        ..Default::default()
    };
    Ok((response, pieces))
}

fn slice<E: Env>(
    node: &Node<E>,
    request: &FetchSnapshotRequest<'_>,
    asked: &RequestPartitionSnapshot,
) -> Result<Slice<E>, ErrorCode> {
    let SnapshotId {
        end_offset, epoch, ..
    } = asked.snapshot_id;
    if end_offset < Offset::ZERO || epoch < LeaderEpoch(0) {
        return Err(ErrorCode::SnapshotNotFound);
    }
    let id = RaftSnapshotId { end_offset, epoch };
    // The one the quorum was formatted with is everybody's own; what it says is also in the log.
    if id == RaftSnapshotId::BOOTSTRAP {
        return Err(ErrorCode::SnapshotNotFound);
    }
    let snapshot = node.metadata.snapshot(id).map_err(|error| {
        tracing::error!(snapshot = id.file_name(), %error, "cannot read");
        ErrorCode::KafkaStorageError
    })?;
    let snapshot = snapshot.ok_or(ErrorCode::SnapshotNotFound)?;
    let max_bytes = u64::try_from(request.max_bytes).unwrap_or(0);
    let max_bytes = max_bytes.min(node.config.quorum_fetch_snapshot_max_bytes());
    let piece = snapshot.slice(asked.position, max_bytes);
    let piece = piece.ok_or(ErrorCode::PositionOutOfRange)?;
    Ok((piece, snapshot.size))
}

fn endpoint<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    leads: &RaftAnswer,
) -> Option<NodeEndpoint<'static>> {
    let endpoint = leader_endpoint(node, context.caller, leads)?;
    Some(NodeEndpoint {
        node_id: leads.leader,
        host: endpoint.host.into(),
        port: endpoint.port,
        ..Default::default()
    })
}
