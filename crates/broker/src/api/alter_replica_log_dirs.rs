//! AlterReplicaLogDirs (KIP-113): replicas move from one directory of this node to another.

use std::collections::BTreeMap;
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
    let change = |topic: &str, index, path| {
        if !is_allowed {
            return Err(ErrorCode::ClusterAuthorizationFailed);
        }
        check_name(topic, index)?;
        change(node, topic, index, find(node, path)?)
    };
    let results = directories(&request)
        .into_iter()
        .map(|(topic, partitions)| {
            let partitions = partitions.into_iter().map(|(index, path)| {
                let changed = change(topic, index, path);
                AlterReplicaLogDirPartitionResult {
                    partition_index: index,
                    error_code: changed.err().unwrap_or(ErrorCode::None),
                    ..Default::default()
                }
            });
            AlterReplicaLogDirTopicResult {
                topic_name: topic.to_owned().into(),
                partitions: partitions.collect(),
                ..Default::default()
            }
        });
    AlterReplicaLogDirsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

/// Where each partition is to go, by topic: the last of the directories that name it.
fn directories<'r>(
    request: &'r AlterReplicaLogDirsRequest<'_>,
) -> BTreeMap<&'r str, BTreeMap<PartitionIndex, &'r str>> {
    let mut directories: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for dir in &request.dirs {
        for topic in &dir.topics {
            for index in &topic.partitions {
                let partitions = directories.entry(&*topic.name).or_default();
                partitions.insert(*index, &*dir.path);
            }
        }
    }
    directories
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
    use ottla_wire::message::alter_replica_log_dirs::{
        AlterReplicaLogDir, AlterReplicaLogDirTopic,
    };

    use super::*;

    #[test]
    fn of_several_directories_for_a_partition_the_last_is_meant() {
        let dir =
            |path: &'static str, topic: &'static str, partitions: &[i32]| AlterReplicaLogDir {
                path: path.into(),
                topics: vec![AlterReplicaLogDirTopic {
                    name: topic.into(),
                    partitions: partitions.iter().copied().map(PartitionIndex).collect(),
                }],
            };
        let request = AlterReplicaLogDirsRequest {
            dirs: vec![
                dir("/a", "t", &[0, 1]),
                dir("/b", "t", &[1]),
                dir("/b", "empty", &[]),
            ],
        };
        let partitions = BTreeMap::from([(PartitionIndex(0), "/a"), (PartitionIndex(1), "/b")]);
        assert_eq!(directories(&request), BTreeMap::from([("t", partitions)]));
    }

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
