//! What all requests about the quorum have in common: which cluster and which log they are about, who sends them, and whom their
//! answers name as leader.

use ottla_env::Env;
use ottla_model::{ErrorCode, NodeId, PartitionIndex, Uuid};
use ottla_raft::{Answer, Endpoint, ReplicaKey};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::{Caller, Context};

/// The topic whose one partition is the metadata log.
const TOPIC: &str = "__cluster_metadata";

/// Whether the caller may speak as a member of the quorum, and means this one. A request that names no cluster is for every cluster.
///
/// # Errors
/// CLUSTER_AUTHORIZATION_FAILED, INCONSISTENT_CLUSTER_ID.
pub(crate) fn admit<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    cluster_id: Option<&str>,
) -> Result<(), ErrorCode> {
    if !node.allowed(context.caller, Operation::ClusterAction, Resource::Cluster) {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    match cluster_id {
        Some(id) if *id != *node.cluster_id => Err(ErrorCode::InconsistentClusterId),
        _ => Ok(()),
    }
}

/// The topic and the partition of a request that may be about one alone.
///
/// # Errors
/// INVALID_REQUEST.
pub(crate) fn only_partition<'a, T, P>(
    topics: &'a [T],
    partitions: impl Fn(&'a T) -> &'a [P],
) -> Result<(&'a T, &'a P), ErrorCode> {
    let [topic] = topics else {
        return Err(ErrorCode::InvalidRequest);
    };
    let [partition] = partitions(topic) else {
        return Err(ErrorCode::InvalidRequest);
    };
    Ok((topic, partition))
}

pub(crate) fn is_metadata_partition(topic: &str, partition: PartitionIndex) -> bool {
    topic == TOPIC && partition == PartitionIndex(0)
}

pub(crate) fn replica(id: NodeId, directory: Uuid) -> ReplicaKey {
    ReplicaKey { id, directory }
}

/// Where the caller reaches the leader that `answer` names: by the listener of the same name.
pub(crate) fn leader_endpoint<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    answer: &Answer,
) -> Option<Endpoint> {
    if answer.leader == node.id {
        let own = node.controller_endpoints(caller);
        return own.into_iter().find(|e| e.id == node.id).map(|e| Endpoint {
            name: caller.listener.to_string(),
            host: e.host,
            port: e.port,
        });
    }
    let is_same = |endpoint: &&Endpoint| *endpoint.name == *caller.listener;
    answer.endpoints.iter().find(is_same).cloned()
}
