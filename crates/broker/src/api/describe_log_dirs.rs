//! DescribeLogDirs (KIP-113, KIP-827, KIP-1066): the log directories, their room, and the logs in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use ottla_env::{Disk, Env, Spawn};
use ottla_log::LogReader;
use ottla_model::{ErrorCode, PartitionIndex};
use ottla_wire::message::describe_log_dirs::{
    DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};

use crate::authorize::{Operation, Resource};
use crate::log_dirs::LogDir;
use crate::node::Node;
use crate::partition::Partition;
use crate::request::Context;

/// What is asked for; `None` for all there is.
type Wanted = Option<BTreeSet<(String, PartitionIndex)>>;

pub(crate) async fn handle<E: Env>(
    node: &Node<E>,
    context: Context<'_>,
    request: DescribeLogDirsRequest<'_>,
) -> DescribeLogDirsResponse<'static> {
    if !node.allowed(context.caller, Operation::Describe, Resource::Cluster) {
        return DescribeLogDirsResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed,
            ..Default::default()
        };
    }
    let wanted: Wanted = request.topics.map(|topics| {
        let named = topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|index| (topic.topic.to_string(), *index))
        });
        named.collect()
    });
    let partitions = node.partitions.all();
    let mut results = Vec::new();
    for dir in node.log_dirs.iter() {
        results.push(describe(node, dir, &partitions, &wanted).await);
    }
    DescribeLogDirsResponse {
        results,
        ..Default::default()
    }
}

async fn describe<E: Env>(
    node: &Node<E>,
    dir: &LogDir,
    partitions: &[Arc<Partition<E>>],
    wanted: &Wanted,
) -> DescribeLogDirsResult<'static> {
    let failed = || DescribeLogDirsResult {
        error_code: ErrorCode::KafkaStorageError,
        log_dir: dir.path.to_string_lossy().into_owned().into(),
        ..Default::default()
    };
    if dir.state.is_offline() {
        return failed();
    }
    let (disk, path): (_, PathBuf) = (node.env.disk().clone(), dir.path.clone());
    let space = node.env.spawn().blocking(move || disk.space(&path)).await;
    let space = match space {
        Ok(space) => space,
        Err(error) => {
            tracing::error!(directory = %dir.path.display(), %error, "cannot be described");
            return failed();
        }
    };
    let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    let is_here = |partition: &&Arc<Partition<E>>| Some(partition.directory) == dir.id;
    for partition in partitions.iter().filter(is_here) {
        let index = partition.key.index;
        let is_wanted = wanted
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&(partition.topic.to_string(), index)));
        // One that is being opened is not there yet, and of one that is lost nothing is known.
        let Some(log) = partition.open_reader().filter(|_| is_wanted) else {
            continue;
        };
        let described = DescribeLogDirsPartition {
            partition_index: index,
            partition_size: log.size().cast_signed(),
            // This node leads it, and has all of it.
            offset_lag: 0,
            is_future_key: false,
            ..Default::default()
        };
        topics.entry(&partition.topic).or_default().push(described);
    }
    for (key, to, bytes) in node.moves.all() {
        let is_it = |partition: &&Arc<Partition<E>>| partition.key == key;
        let Some(partition) = partitions.iter().find(is_it).filter(|_| Some(to) == dir.id) else {
            continue;
        };
        let is_wanted = wanted
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&(partition.topic.to_string(), key.index)));
        let Some(log) = partition.open_reader().filter(|_| is_wanted) else {
            continue;
        };
        let described = DescribeLogDirsPartition {
            partition_index: key.index,
            partition_size: bytes.cast_signed(),
            offset_lag: lag(&log, bytes),
            is_future_key: true,
            ..Default::default()
        };
        topics.entry(&partition.topic).or_default().push(described);
    }
    let topics = topics.into_iter().map(|(name, mut partitions)| {
        partitions.sort_by_key(|partition| partition.partition_index);
        DescribeLogDirsTopic {
            name: name.to_owned().into(),
            partitions,
            ..Default::default()
        }
    });
    DescribeLogDirsResult {
        topics: topics.collect(),
        log_dir: failed().log_dir,
        error_code: ErrorCode::None,
        total_bytes: i64::try_from(space.total).unwrap_or(i64::MAX),
        usable_bytes: i64::try_from(space.free).unwrap_or(i64::MAX),
        ..Default::default()
    }
}

/// How many offsets a copy of so many bytes lacks, about: it is made byte by byte.
fn lag<D: Disk>(log: &LogReader<D>, bytes: u64) -> i64 {
    let size = log.size().max(1);
    let missing = size.saturating_sub(bytes);
    let offsets = (log.end() - log.log_start()).unsigned_abs();
    let lag = u128::from(offsets) * u128::from(missing) / u128::from(size);
    i64::try_from(lag).unwrap_or(i64::MAX)
}
