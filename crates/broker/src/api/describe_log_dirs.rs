//! DescribeLogDirs (KIP-113, KIP-827, KIP-1066): the log directories, their room, and the logs in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use ottla_env::{Disk, Env, Spawn};
use ottla_log::LogReader;
use ottla_model::{ErrorCode, PartitionIndex, Uuid};
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
type Wanted = Option<BTreeMap<String, BTreeSet<PartitionIndex>>>;

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
        let mut wanted: BTreeMap<String, BTreeSet<PartitionIndex>> = BTreeMap::new();
        for topic in topics {
            let partitions = wanted.entry(topic.topic.to_string()).or_default();
            partitions.extend(topic.partitions);
        }
        wanted
    });
    let mut held = held(node);
    let mut results = Vec::new();
    for dir in node.log_dirs.iter() {
        let here = dir.id.and_then(|id| held.remove(&id));
        results.push(describe(node, dir, here.unwrap_or_default(), &wanted).await);
    }
    DescribeLogDirsResponse {
        results,
        ..Default::default()
    }
}

/// What is in one log directory: partitions, and with the bytes that have come those that move there.
type Held<E> = Vec<(Arc<Partition<E>>, Option<u64>)>;

/// What is in each, by its id.
fn held<E: Env>(node: &Node<E>) -> BTreeMap<Uuid, Held<E>> {
    let mut held: BTreeMap<Uuid, Held<E>> = BTreeMap::new();
    for partition in node.partitions.all() {
        let here = held.entry(partition.directory).or_default();
        here.push((partition, None));
    }
    for (key, to, bytes) in node.moves.all() {
        if let Some(partition) = node.partitions.get(key.topic, key.index) {
            held.entry(to).or_default().push((partition, Some(bytes)));
        }
    }
    held
}

async fn describe<E: Env>(
    node: &Node<E>,
    dir: &LogDir,
    held: Held<E>,
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
    for (partition, coming) in &held {
        let index = partition.key.index;
        let is_wanted = wanted.as_ref().is_none_or(|wanted| {
            let partitions = wanted.get(&*partition.topic);
            partitions.is_some_and(|partitions| partitions.contains(&index))
        });
        // One that is being opened is not there yet, and of one that is lost nothing is known.
        let Some(log) = partition.open_reader().filter(|_| is_wanted) else {
            continue;
        };
        let described = DescribeLogDirsPartition {
            partition_index: index,
            partition_size: coming.unwrap_or_else(|| log.size()).cast_signed(),
            // What is here leads, and has all of itself.
            offset_lag: coming.map_or(0, |bytes| lag(&log, bytes)),
            is_future_key: coming.is_some(),
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
        is_cordoned: dir.state.is_cordoned(),
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
