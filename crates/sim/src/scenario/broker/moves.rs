//! AlterReplicaLogDirs: partitions change their directory under all who use them.

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, PartitionIndex, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::alter_replica_log_dirs::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};
use ottla_wire::message::describe_log_dirs::{DescribeLogDirsRequest, DescribeLogDirsResponse};

use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, Life};
use crate::{SimEnv, World};

/// Moves partitions now and then, not at all or for a while.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger) {
    let moves = world.choose(2) * world.choose(40);
    for _ in 0..moves {
        if ledger.is_over() {
            return;
        }
        let pause = Duration::from_millis(world.choose(5000));
        env.clock().sleep(pause).await;
        match change(&world, &env, &ledger).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("moves: {what}")),
        }
    }
}

/// Has a partition of some topic moved to some directory.
async fn change(world: &World, env: &SimEnv, ledger: &Ledger) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let dirs = describe(&mut connection, ledger).await?;
    let topics: Vec<TopicId> = ledger.topics().into_keys().collect();
    if topics.is_empty() || dirs.is_empty() {
        return Ok(());
    }
    let topic = topics[world.choose(topics.len() as u64) as usize];
    let name = ledger.name(topic);
    let most = ledger.most_partitions(topic).max(1) as u64;
    let index = PartitionIndex(world.choose(most) as i32);
    let request = AlterReplicaLogDirsRequest {
        dirs: vec![AlterReplicaLogDir {
            path: dirs[world.choose(dirs.len() as u64) as usize]
                .as_str()
                .into(),
            topics: vec![AlterReplicaLogDirTopic {
                name: name.as_str().into(),
                partitions: vec![index],
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let version = 1 + world.choose(2) as i16;
    let answer = connection
        .ask(ApiKey::AlterReplicaLogDirs, version, &request)
        .await?;
    let response: AlterReplicaLogDirsResponse<'_> = answer.decode()?;
    let result = response.results.first();
    let result = result.and_then(|topic| topic.partitions.first());
    match result.map(|result| result.error_code) {
        Some(ErrorCode::None) => Ok(()),
        // It is gone, or was asked for and need not be there yet.
        Some(ErrorCode::UnknownTopicOrPartition | ErrorCode::NotLeaderOrFollower) => {
            Err(Trouble::Lost)
        }
        Some(ErrorCode::KafkaStorageError) if ledger.is_sick(connection.life) => Err(Trouble::Lost),
        other => Err(Trouble::Wrong(format!("{name}-{index}: {other:?}"))),
    }
}

/// The directories. No partition is in two of them.
async fn describe(connection: &mut Connection, ledger: &Ledger) -> Result<Vec<String>, Trouble> {
    let life: Life = connection.life;
    let request = DescribeLogDirsRequest {
        topics: None,
        ..Default::default()
    };
    let answer = connection.ask(ApiKey::DescribeLogDirs, 4, &request).await?;
    let response: DescribeLogDirsResponse<'_> = answer.decode()?;
    let mut seen = std::collections::BTreeSet::new();
    let mut dirs = Vec::new();
    for dir in &response.results {
        match dir.error_code {
            ErrorCode::None => {}
            ErrorCode::KafkaStorageError if ledger.is_sick(life) => continue,
            code => return Err(Trouble::Wrong(format!("{}: {code}", dir.log_dir))),
        }
        dirs.push(dir.log_dir.to_string());
        for topic in &dir.topics {
            for partition in topic.partitions.iter().filter(|found| !found.is_future_key) {
                let name = (topic.name.to_string(), partition.partition_index);
                if !seen.insert(name) {
                    return Err(Trouble::Wrong(format!(
                        "{} is in two directories",
                        topic.name
                    )));
                }
            }
        }
    }
    Ok(dirs)
}
