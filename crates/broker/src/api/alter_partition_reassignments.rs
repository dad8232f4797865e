//! AlterPartitionReassignments (KIP-455, KIP-860): other replicas for partitions.

use ottla_controller::{PartitionResults, Reply, Request};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_wire::message::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    ReassignablePartitionResponse, ReassignableTopicResponse,
};

use crate::authorize::Operation;
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: AlterPartitionReassignmentsRequest<'_>,
) -> AlterPartitionReassignmentsResponse<'static> {
    let named = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|it| (it.partition_index, it.replicas.clone()));
        (topic.name.to_string(), partitions.collect())
    });
    let asked = Request::AlterPartitionReassignments {
        topics: named.collect(),
        allow_replication_factor_change: request.allow_replication_factor_change,
    };
    let limit = Some(request.timeout_ms);
    let reply = super::alter_cluster(node, context.caller, Operation::Alter, limit, asked).await;
    let response = AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_message: None,
        ..Default::default()
    };
    match reply {
        Ok(Reply::Partitions(results)) => AlterPartitionReassignmentsResponse {
            responses: results.into_iter().map(reassigned).collect(),
            ..response
        },
        other => {
            let refusal = super::no_such_reply(other);
            let all = request.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter();
                let refused = partitions.map(|it| (it.partition_index, Err(refusal.clone())));
                PartitionResults {
                    topic: topic.name.to_string(),
                    partitions: refused.collect(),
                }
            });
            AlterPartitionReassignmentsResponse {
                error_code: refusal.code,
                responses: all.map(reassigned).collect(),
                error_message: Some(refusal.message.into()),
                ..response
            }
        }
    }
}

fn reassigned(topic: PartitionResults) -> ReassignableTopicResponse<'static> {
    let partitions = topic.partitions.into_iter().map(|(index, result)| {
        let refusal = result.err();
        ReassignablePartitionResponse {
            partition_index: index,
            error_code: refusal.as_ref().map_or(ErrorCode::None, |it| it.code),
            error_message: refusal.map(|it| it.message.into()),
        }
    });
    ReassignableTopicResponse {
        name: topic.topic.into(),
        partitions: partitions.collect(),
    }
}
