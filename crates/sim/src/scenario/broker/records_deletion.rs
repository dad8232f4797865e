//! DeleteRecords: once that is answered, the log never again begins below.

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, Offset, PartitionIndex, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic,
};

use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, Place};
use crate::{SimEnv, World};

/// Stands for the high watermark.
const ALL: Offset = Offset(-1);

/// Deletes the topic's records now and then, until it is gone, or for ever.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger, topic: TopicId) {
    while !ledger.is_over() && ledger.exists(topic) {
        let pause = Duration::from_millis(world.choose(10_000));
        env.clock().sleep(pause).await;
        ledger.records_deletion_asked(topic);
        match delete(&world, &env, &ledger, topic).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("records deletion: {what}")),
        }
    }
}

async fn delete(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    topic: TopicId,
) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let partitions = ledger.most_partitions(topic).max(1) as u64;
    let place = Place {
        topic,
        partition: world.choose(partitions) as i32,
    };
    let life = connection.life;
    let start = ledger.log_start_floor(place, life);
    let end = ledger.high_watermark_floor(place, life);
    let certain = (end.0 - start.0).max(0).unsigned_abs() + 1;
    let asked = match world.choose(4) {
        0 => ALL,
        1 => end + 1 + world.choose(20).cast_signed(),
        _ => start + world.choose(certain).cast_signed(),
    };
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: ledger.name(topic).into(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: PartitionIndex(place.partition),
                offset: asked,
                ..Default::default()
            }],
            ..Default::default()
        }],
        timeout_ms: 2000,
        ..Default::default()
    };
    let version = world.choose(3) as i16;
    let answer = connection
        .ask(ApiKey::DeleteRecords, version, &request)
        .await?;
    let response: DeleteRecordsResponse<'_> = answer.decode()?;
    let result = response
        .topics
        .first()
        .and_then(|topic| topic.partitions.first())
        .ok_or_else(|| Trouble::Wrong("an answer without the partition".to_owned()))?;
    // Asked by name, another topic may have answered.
    if !ledger.exists(topic) {
        return Err(Trouble::Lost);
    }
    match result.error_code {
        ErrorCode::None => {
            let floor = start.max(if asked == ALL { end } else { asked });
            ledger.log_start_seen(place, life, floor, result.low_watermark);
            ledger.records_deleted(place, life, result.low_watermark);
            Ok(())
        }
        ErrorCode::OffsetOutOfRange if asked > end => Ok(()),
        // A partition that was asked for need not be there yet.
        ErrorCode::NotLeaderOrFollower | ErrorCode::UnknownTopicOrPartition => Err(Trouble::Lost),
        ErrorCode::RequestTimedOut => Err(Trouble::Lost),
        ErrorCode::KafkaStorageError if ledger.is_sick(life) => Err(Trouble::Lost),
        code => Err(Trouble::Wrong(format!(
            "{place:?} up to {asked}, between {start} and {end}: {code}"
        ))),
    }
}
