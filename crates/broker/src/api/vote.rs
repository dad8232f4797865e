//! Vote (KIP-595, KIP-853, KIP-996): a candidate asks this voter of the quorum for its vote.

use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_raft::{Body, Request, Vote};
use ottla_wire::message::vote::{
    NodeEndpoint, ResponsePartitionData, ResponseTopicData, VoteRequest, VoteResponse,
};

use crate::node::Node;
use crate::quorum::{admit, is_metadata_partition, leader_endpoint, only_partition, replica};
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: VoteRequest<'_>,
) -> VoteResponse<'static> {
    match vote(node, context, &request).await {
        Ok(response) => response,
        Err(error_code) => VoteResponse {
            error_code,
            ..Default::default()
        },
    }
}

async fn vote<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &VoteRequest<'_>,
) -> Result<VoteResponse<'static>, ErrorCode> {
    admit(node, context, request.cluster_id.as_deref())?;
    let (topic, asked) = only_partition(&request.topics, |topic| &topic.partitions)?;
    if !is_metadata_partition(&topic.topic_name, asked.partition_index) {
        return Err(ErrorCode::InvalidRequest);
    }
    let vote = Vote {
        voter: replica(request.voter_id, asked.voter_directory_id),
        candidate: replica(asked.replica_id, asked.replica_directory_id),
        epoch: asked.replica_epoch,
        last_epoch: asked.last_offset_epoch,
        end: asked.last_offset,
        is_pre_vote: asked.pre_vote,
    };
    let answer = node.quorum.answer(Request::Vote(vote)).await?;
    let endpoint = leader_endpoint(node, context.caller, &answer);
    let node_endpoints = endpoint.into_iter().map(|endpoint| NodeEndpoint {
        node_id: answer.leader,
        host: endpoint.host.into(),
        port: endpoint.port,
        ..Default::default()
    });
    Ok(VoteResponse {
        topics: vec![ResponseTopicData {
            topic_name: topic.topic_name.to_string().into(),
            partitions: vec![ResponsePartitionData {
                partition_index: asked.partition_index,
                error_code: answer.code,
                leader_id: answer.leader,
                leader_epoch: answer.epoch,
                vote_granted: matches!(answer.body, Body::Vote { is_granted: true }),
                ..Default::default()
            }],
            ..Default::default()
        }],
        node_endpoints: node_endpoints.collect(),
        ..Default::default()
    })
}
