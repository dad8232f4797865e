//! AlterReplicaLogDirs (KIP-113): replicas move from one directory of this node to another.

use std::path::Path;

use ottla_env::Env;
use ottla_log::dir::can_be_named;
use ottla_model::{ErrorCode, PartitionIndex, Uuid};
use ottla_wire::message::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};

use crate::authorize::{Operation, Resource};
use crate::node::Node;
use crate::request::Context;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: AlterReplicaLogDirsRequest<'_>,
) -> AlterReplicaLogDirsResponse<'static> {
    let is_allowed = node.allowed(context.caller, Operation::Alter, Resource::Cluster);
    let mut results: Vec<AlterReplicaLogDirTopicResult<'static>> = Vec::new();
    for dir in &request.dirs {
        let to = if is_allowed {
            find(node, &dir.path)
        } else {
            Err(ErrorCode::ClusterAuthorizationFailed)
        };
        for topic in dir
            .topics
            .iter()
            .filter(|topic| !topic.partitions.is_empty())
        {
            let partitions = topic.partitions.iter().map(|&index| {
                let named = if is_allowed {
                    check_name(&topic.name, index)
                } else {
                    Ok(())
                };
                let moved = named.and(to);
                let moved = moved.and_then(|to| change(node, &topic.name, index, to));
                AlterReplicaLogDirPartitionResult {
                    partition_index: index,
                    error_code: moved.err().unwrap_or(ErrorCode::None),
                    ..Default::default()
                }
            });
            let partitions = partitions.collect::<Vec<_>>();
            let known = results.iter_mut();
            match known
                .into_iter()
                .find(|known| known.topic_name == topic.name)
            {
                Some(known) => known.partitions.extend(partitions),
                None => results.push(AlterReplicaLogDirTopicResult {
                    topic_name: topic.name.to_string().into(),
                    partitions,
                    ..Default::default()
                }),
            }
        }
    }
    AlterReplicaLogDirsResponse {
        results,
        ..Default::default()
    }
}

/// Whether a log of such a name can be copied: that of the copy is longer, and would not tell whose it is if it were cut.
fn check_name(topic: &str, index: PartitionIndex) -> Result<(), ErrorCode> {
    match can_be_named(&format!("{topic}-{index}")) {
        true => Ok(()),
        false => Err(ErrorCode::InvalidTopicException),
    }
}

/// The directory of that name, which must be written as DescribeLogDirs does.
fn find<E: Env>(node: &Node<E>, path: &str) -> Result<Uuid, ErrorCode> {
    let mut dirs = node.log_dirs.iter();
    // Not as paths are compared, to which `/data` and `/data/` are one.
    let dir = dirs.find(|dir| dir.path.as_os_str() == Path::new(path).as_os_str());
    let dir = dir.ok_or(ErrorCode::LogDirNotFound)?;
    match dir.id {
        Some(_) if dir.state.is_cordoned() => Err(ErrorCode::InvalidReplicaAssignment),
        Some(id) if !dir.state.is_offline() => Ok(id),
        _ => Err(ErrorCode::KafkaStorageError),
    }
}

/// Has the move begin, which whoever asked can follow by DescribeLogDirs.
fn change<E: Env>(
    node: &Node<E>,
    topic: &str,
    index: PartitionIndex,
    to: Uuid,
) -> Result<(), ErrorCode> {
    let partition = match node.partition(topic, index) {
        Ok(partition) => partition,
        Err(code) => {
            // There will never be one of another name.
            if ottla_controller::topic_name::check(topic).is_ok() {
                node.moves.prefer(topic, index, to);
            }
            return Err(code);
        }
    };
    let is_lost = node.log_dirs.by_id(partition.directory);
    if is_lost.is_some_and(|dir| dir.state.is_offline()) {
        return Err(ErrorCode::KafkaStorageError);
    }
    node.moves.ask(partition.key, partition.directory, to);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_whose_copy_could_not_be_named_after_it_is_not_moved() {
        for (length, index, expected) in [
            (213, 0, Ok(())),
            (214, 0, Err(ErrorCode::InvalidTopicException)),
            (213, 10, Err(ErrorCode::InvalidTopicException)),
        ] {
            let checked = check_name(&"a".repeat(length), PartitionIndex(index));
            assert_eq!(checked, expected);
        }
    }
}
