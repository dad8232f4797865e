//! What the node answers: one file per API. A handler sees one shape of its request, whatever the version.

pub(crate) mod alter_client_quotas;
pub(crate) mod alter_configs;
pub(crate) mod alter_partition_reassignments;
pub(crate) mod alter_replica_log_dirs;
pub(crate) mod alter_user_scram_credentials;
mod altered_configs;
pub(crate) mod api_versions;
pub(crate) mod begin_quorum_epoch;
mod broker_loggers;
pub(crate) mod consumer_group_describe;
pub(crate) mod consumer_group_heartbeat;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_groups;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_client_quotas;
pub(crate) mod describe_cluster;
pub(crate) mod describe_configs;
pub(crate) mod describe_groups;
pub(crate) mod describe_log_dirs;
pub(crate) mod describe_producers;
pub(crate) mod describe_quorum;
pub(crate) mod describe_topic_partitions;
pub(crate) mod describe_user_scram_credentials;
mod duplicates;
pub(crate) mod elect_leaders;
pub(crate) mod end_quorum_epoch;
pub(crate) mod fetch;
pub(crate) mod fetch_metadata_log;
pub(crate) mod fetch_snapshot;
pub(crate) mod find_coordinator;
pub(crate) mod get_telemetry_subscriptions;
pub(crate) mod heartbeat;
pub(crate) mod incremental_alter_configs;
pub(crate) mod init_producer_id;
pub(crate) mod join_group;
pub(crate) mod leave_group;
pub(crate) mod list_config_resources;
pub(crate) mod list_groups;
pub(crate) mod list_offsets;
pub(crate) mod list_partition_reassignments;
pub(crate) mod metadata;
pub(crate) mod offset_commit;
pub(crate) mod offset_delete;
pub(crate) mod offset_fetch;
pub(crate) mod offset_for_leader_epoch;
mod opening;
pub(crate) mod produce;
pub(crate) mod push_telemetry;
pub(crate) mod sync_group;
#[cfg(test)]
pub(crate) mod test_image;
pub(crate) mod unregister_broker;
pub(crate) mod update_features;
pub(crate) mod vote;

use ottla_controller::{Refusal, Reply, Request};
use ottla_env::Env;
use ottla_model::ErrorCode;

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Caller;

/// "Not asked for", where authorized operations go.
const NOT_ASKED: i32 = i32::MIN;

/// What the controller says to a client that leaves it so many milliseconds to come to it.
async fn ask_within<E: Env>(
    node: &Node<E>,
    timeout_ms: i32,
    asked: Request,
) -> Result<Reply, ErrorCode> {
    let clock = node.env.clock();
    node.quorum.ask_within(clock, timeout_ms, asked).await
}

/// What the controller says to who may carry out the operation on the cluster, and waits for it as long as that.
async fn alter_cluster<E: Env>(
    node: &Node<E>,
    caller: &Caller,
    operation: Operation,
    timeout_ms: Option<i32>,
    asked: Request,
) -> Result<Reply, ErrorCode> {
    if node.allowed(caller, operation, Resource::Cluster) {
        return match timeout_ms {
            Some(limit) => ask_within(node, limit, asked).await,
            None => node.quorum.ask(asked).await,
        };
    }
    Ok(Reply::Refused(Refusal {
        code: ErrorCode::ClusterAuthorizationFailed,
        message: "not authorized".to_owned(),
    }))
}

/// What becomes of every item when the controller has no answer for them.
fn no_such_reply(reply: Result<Reply, ErrorCode>) -> Refusal {
    match reply {
        Ok(Reply::Refused(refusal)) => refusal,
        Ok(other) => unreachable!("the controller answers another question: {other:?}"),
        Err(code) => {
            let message = match code {
                ErrorCode::RequestTimedOut => "the time that the request may take is over",
                _ => "the controller has stopped",
            };
            let message = message.to_owned();
            Refusal { code, message }
        }
    }
}

/// Whether it is its client's quota that an item was refused for.
fn is_throttled<T>(result: &Result<T, Refusal>) -> bool {
    let code = result.as_ref().err().map(|refusal| refusal.code);
    code == Some(ErrorCode::ThrottlingQuotaExceeded)
}
