//! ElectLeaders (KIP-183, KIP-460): preferred leaders, or unclean ones where nobody leads.

use ottla_controller::{Election, PartitionResults, Reply, Request};
use ottla_env::Env;
use ottla_model::ErrorCode;
use ottla_wire::message::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: ElectLeadersRequest<'_>,
) -> ElectLeadersResponse<'static> {
    if !node.allowed(context.caller, Operation::Alter, Resource::Cluster) {
        let code = ErrorCode::ClusterAuthorizationFailed;
        return refused(&request, code, "not authorized");
    }
    let election = match request.election_type {
        0 => Election::Preferred,
        1 => Election::Unclean,
        other => {
            let message =
                format!("expected election type 0 (preferred) or 1 (unclean), found {other}");
            return refused(&request, ErrorCode::InvalidRequest, &message);
        }
    };
    let partitions = request.topic_partitions.as_ref().map(|topics| {
        let topics = topics.iter();
        topics
            .map(|topic| (topic.topic.to_string(), topic.partitions.clone()))
            .collect()
    });
    let asked = Request::ElectLeaders {
        election,
        partitions,
    };
    let reply = super::ask_within(node, request.timeout_ms, asked).await;
    match reply {
        Ok(Reply::Partitions(results)) => ElectLeadersResponse {
            replica_election_results: results.into_iter().map(elected).collect(),
            ..Default::default()
        },
        other => {
            let refusal = super::no_such_reply(other);
            refused(&request, refusal.code, &refusal.message)
        }
    }
}

fn elected(topic: PartitionResults) -> ReplicaElectionResult<'static> {
    let results = topic.partitions.into_iter();
    let partition_result = results
        .map(|(partition_id, result)| {
            let refusal = result.err();
            PartitionResult {
                partition_id,
                error_code: refusal.as_ref().map_or(ErrorCode::None, |it| it.code),
                error_message: refusal.map(|it| it.message.into()),
            }
        })
        .collect();
    ReplicaElectionResult {
        topic: topic.topic.into(),
        partition_result,
    }
}

/// The same of everything that is named.
fn refused(
    request: &ElectLeadersRequest<'_>,
    error_code: ErrorCode,
    message: &str,
) -> ElectLeadersResponse<'static> {
    let topics = request.topic_partitions.iter().flatten();
    let replica_election_results = topics
        .map(|topic| ReplicaElectionResult {
            topic: topic.topic.to_string().into(),
            partition_result: topic
                .partitions
                .iter()
                .map(|partition_id| PartitionResult {
                    partition_id: *partition_id,
                    error_code,
                    error_message: Some(message.to_owned().into()),
                })
                .collect(),
        })
        .collect();
    ElectLeadersResponse {
        error_code,
        replica_election_results,
        ..Default::default()
    }
}
