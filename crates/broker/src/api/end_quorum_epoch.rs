//! EndQuorumEpoch (KIP-595, KIP-853): a leader of the quorum goes.

use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_raft::{EndQuorumEpoch, Endpoint, Request};
use ottla_wire::message::end_quorum_epoch::{
    EndQuorumEpochRequest, EndQuorumEpochResponse, NodeEndpoint, ResponsePartitionData,
    ResponseTopicData,
};

use crate::node::Node;
use crate::quorum::{admit, is_metadata_partition, leader_endpoint, only_partition};
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: EndQuorumEpochRequest<'_>,
) -> EndQuorumEpochResponse<'static> {
    match end(node, context, &request).await {
        Ok(response) => response,
        Err(error_code) => EndQuorumEpochResponse {
            error_code,
            ..Default::default()
        },
    }
}

async fn end<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: &EndQuorumEpochRequest<'_>,
) -> Result<EndQuorumEpochResponse<'static>, ErrorCode> {
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
    let end = EndQuorumEpoch {
        leader: asked.leader_id,
        epoch: asked.leader_epoch,
        endpoints: endpoints.collect(),
    };
    let answer = node.quorum.answer(Request::EndQuorumEpoch(end)).await?;
    let endpoint = leader_endpoint(node, context.caller, &answer);
    let node_endpoints = endpoint.into_iter().map(|endpoint| NodeEndpoint {
        node_id: answer.leader,
        host: endpoint.host.into(),
        port: endpoint.port,
        ..Default::default()
    });
    Ok(EndQuorumEpochResponse {
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
