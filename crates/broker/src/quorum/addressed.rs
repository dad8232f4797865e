//! What all requests about the quorum have in common: which cluster and which log they are about, who sends them, and whom their
//! answers name as leader.

use ottla_env::Env;
use ottla_model::{ErrorCode, NodeId, PartitionIndex, Uuid};
use ottla_raft::{Answer, Endpoint, ReplicaKey};

use crate::node::Node;
use crate::request::Caller;

/// The topic whose one partition is the metadata log.
const TOPIC: &str = "__cluster_metadata";

/// A request that names no cluster is for every cluster.
///
/// # Errors
/// INCONSISTENT_CLUSTER_ID.
pub(crate) fn check_cluster<E: Env>(
    node: &Node<E>,
    cluster_id: Option<&str>,
) -> Result<(), ErrorCode> {
    match cluster_id {
        Some(id) if *id != *node.cluster_id => Err(ErrorCode::InconsistentClusterId),
        _ => Ok(()),
    }
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
