//! DescribeQuorum (KIP-595, KIP-836, KIP-853): how the quorum's leader sees it. Asked of a broker, too, which asks the controller.

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, Timestamp};
use ottla_raft::{Body, Description, ReplicaState as RaftReplicaState, Request};
use ottla_wire::message::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node as QuorumNode, ReplicaState,
    ResponsePartitionData, ResponseTopicData,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::quorum::is_metadata_partition;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeQuorumRequest<'_>,
) -> DescribeQuorumResponse<'static> {
    if !node.allowed(context.caller, Operation::Describe, Resource::Cluster) {
        return DescribeQuorumResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed,
            ..Default::default()
        };
    }
    let is_about_quorum = match &request.topics[..] {
        [topic] => {
            matches!(&topic.partitions[..], [asked] if is_metadata_partition(&topic.topic_name, asked.partition_index))
        }
        _ => false,
    };
    if !is_about_quorum {
        return refused(
            &request,
            ErrorCode::UnknownTopicOrPartition,
            "the quorum keeps partition 0 of __cluster_metadata alone",
        );
    }
    let answer = match node.quorum.answer(Request::DescribeQuorum).await {
        Ok(answer) => answer,
        Err(error_code) => {
            return DescribeQuorumResponse {
                error_code,
                ..Default::default()
            };
        }
    };
    let Body::DescribeQuorum(description) = answer.body else {
        return refused(
            &request,
            answer.code,
            "this controller does not lead the quorum at the moment",
        );
    };
    let Description {
        high_watermark,
        voters,
        observers,
        members,
    } = description;
    let states =
        |replicas: Vec<RaftReplicaState>| replicas.iter().map(|r| state(node, r)).collect();
    let partition = ResponsePartitionData {
        error_message: Some("".into()),
        leader_id: answer.leader,
        leader_epoch: answer.epoch,
        high_watermark: high_watermark.unwrap_or(ottla_model::Offset::UNKNOWN),
        current_voters: states(voters),
        observers: states(observers),
        ..Default::default()
    };
    let nodes = members.into_iter().map(|voter| QuorumNode {
        node_id: voter.key.id,
        listeners: voter
            .endpoints
            .into_iter()
            .map(|endpoint| Listener {
                name: endpoint.name.into(),
                host: endpoint.host.into(),
                port: endpoint.port,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    DescribeQuorumResponse {
        error_message: Some("".into()),
        topics: vec![ResponseTopicData {
            topic_name: request.topics[0].topic_name.to_string().into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        nodes: nodes.collect(),
        ..Default::default()
    }
}

/// The error for each partition asked about.
fn refused(
    request: &DescribeQuorumRequest<'_>,
    error_code: ErrorCode,
    message: &'static str,
) -> DescribeQuorumResponse<'static> {
    let topics = request.topics.iter().map(|topic| ResponseTopicData {
        topic_name: topic.topic_name.to_string().into(),
        partitions: topic
            .partitions
            .iter()
            .map(|asked| ResponsePartitionData {
                partition_index: asked.partition_index,
                error_code,
                error_message: Some(message.into()),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    DescribeQuorumResponse {
        error_message: Some("".into()),
        topics: topics.collect(),
        ..Default::default()
    }
}

fn state<E: Env>(node: &Node<E>, replica: &RaftReplicaState) -> ReplicaState {
    let (now, wall) = (node.env.clock().monotonic(), node.env.clock().wall());
    let on_the_wall = |at| Timestamp(wall.0 - (now - at).as_millis() as i64);
    ReplicaState {
        replica_id: replica.replica.id,
        replica_directory_id: replica.replica.directory,
        log_end_offset: replica.end,
        last_fetch_timestamp: on_the_wall(replica.last_fetch),
        last_caught_up_timestamp: replica.last_caught_up.map_or(Timestamp::NONE, on_the_wall),
        ..Default::default()
    }
}
