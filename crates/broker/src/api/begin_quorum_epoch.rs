//! BeginQuorumEpoch (KIP-595, KIP-853): a leader of the quorum makes itself known.

use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_raft::{BeginQuorumEpoch, Endpoint, Request};
use ottla_wire::message::begin_quorum_epoch::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, NodeEndpoint, ResponsePartitionData,
    ResponseTopicData,
};

use crate::node::Node;
use crate::quorum::{admit, is_metadata_partition, leader_endpoint, only_partition, replica};
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: BeginQuorumEpochRequest<'_>,
) -> BeginQuorumEpochResponse<'static> {
    match begin(node, context, &request).await {
        Ok(response) => response,
        Err(error_code) => BeginQuorumEpochResponse {
            error_code,
            ..Default::default()
        },
    }
}

async fn begin<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &BeginQuorumEpochRequest<'_>,
) -> Result<BeginQuorumEpochResponse<'static>, ErrorCode> {
    admit(node, context, request.cluster_id.as_deref())?;
    let (topic, asked) = only_partition(&request.topics, |topic| &topic.partitions)?;
    if !is_metadata_partition(&topic.topic_name, asked.partition_index) {
        return Err(ErrorCode::InvalidRequest);
    }
    let endpoints = request.leader_endpoints.iter().map(|endpoint| Endpoint {
        name: endpoint.name.to_string(),
        host: endpoint.host.to_string(),
        port: endpoint.port,
    });
    let begin = BeginQuorumEpoch {
        voter: replica(request.voter_id, asked.voter_directory_id),
        leader: asked.leader_id,
        epoch: asked.leader_epoch,
        endpoints: endpoints.collect(),
    };
    let answer = node.quorum.answer(Request::BeginQuorumEpoch(begin)).await?;
    let endpoint = leader_endpoint(node, context.caller, &answer);
    let node_endpoints = endpoint.into_iter().map(|endpoint| NodeEndpoint {
        node_id: answer.leader,
        host: endpoint.host.into(),
        port: endpoint.port,
        ..Default::default()
    });
    Ok(BeginQuorumEpochResponse {
        topics: vec![ResponseTopicData {
            topic_name: topic.topic_name.to_string().into(),
            partitions: vec![ResponsePartitionData {
                partition_index: asked.partition_index,
                error_code: answer.code,
                leader_id: answer.leader,
                leader_epoch: answer.epoch,
                ..Default::default()
            }],
            ..Default::default()
        }],
        node_endpoints: node_endpoints.collect(),
        ..Default::default()
    })
}
