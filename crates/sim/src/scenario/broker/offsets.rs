//! ListOffsets and OffsetForLeaderEpoch: what the log's indexes, its bounds and its leader epochs tell must fit its records.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic,
};
use ottla_wire::message::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopic,
};

use super::connection::{Connection, Trouble};
use super::content::FIRST_TIMESTAMP;
use super::ledger::{Ledger, Place};
use super::metadata;
use crate::{SimEnv, World};

/// What a negative timestamp asks for.
const LATEST: Timestamp = Timestamp(-1);
const EARLIEST: Timestamp = Timestamp(-2);
const MAX_TIMESTAMP: Timestamp = Timestamp(-3);
/// The first version that knows [`MAX_TIMESTAMP`].
const FIRST_VERSION_WITH_MAX_TIMESTAMP: i16 = 7;
const LAST_VERSION: i16 = 11;

/// Asks about the topic until it is gone, or for ever.
pub(super) async fn survey(world: World, env: SimEnv, ledger: Ledger, topic: TopicId) {
    while !ledger.is_over() && ledger.exists(topic) {
        match converse(&world, &env, &ledger, topic).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("survey: {what}")),
        }
        let pause = Duration::from_millis(100 + world.choose(3000));
        env.clock().sleep(pause).await;
    }
}

async fn converse(
    world: &World,
    env: &SimEnv,
    ledger: &Ledger,
    topic: TopicId,
) -> Result<(), Trouble> {
    let mut connection = Connection::open(env, ledger).await?;
    let epochs = metadata::ask(&mut connection, world, ledger).await?;
    for (place, epoch) in epochs.into_iter().filter(|(place, _)| place.topic == topic) {
        let survey = Survey {
            world,
            ledger,
            place,
            epoch,
        };
        match world.choose(5) {
            0 => drop(survey.earliest(&mut connection).await?),
            1 => survey.latest(&mut connection).await?,
            2 => survey.newest(&mut connection).await?,
            3 => survey.by_timestamp(&mut connection).await?,
            _ => survey.epoch_end(&mut connection).await?,
        }
    }
    Ok(())
}

/// Where the logs begin.
pub(super) async fn log_starts(
    connection: &mut Connection,
    world: &World,
    ledger: &Ledger,
    epochs: &BTreeMap<Place, LeaderEpoch>,
) -> Result<BTreeMap<Place, Offset>, Trouble> {
    let mut starts = BTreeMap::new();
    for (place, epoch) in epochs {
        let survey = Survey {
            world,
            ledger,
            place: *place,
            epoch: *epoch,
        };
        starts.insert(*place, survey.earliest(connection).await?);
    }
    Ok(starts)
}

/// Questions about one partition.
struct Survey<'a> {
    world: &'a World,
    ledger: &'a Ledger,
    place: Place,
    epoch: LeaderEpoch,
}

impl Survey<'_> {
    async fn earliest(&self, connection: &mut Connection) -> Result<Offset, Trouble> {
        let (place, life) = (self.place, connection.life);
        let floor = self.ledger.log_start_floor(place, life);
        let found = self.list(connection, EARLIEST, 1).await?;
        self.ledger.log_start_seen(place, life, floor, found.offset);
        Ok(found.offset)
    }

    async fn latest(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let (place, life) = (self.place, connection.life);
        let floor = self.ledger.high_watermark_floor(place, life);
        let found = self.list(connection, LATEST, 1).await?;
        self.ledger
            .high_watermark_seen(place, life, floor, found.offset);
        Ok(())
    }

    async fn newest(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let (place, life) = (self.place, connection.life);
        let newest = self.ledger.newest(place, life);
        let found = self
            .list(connection, MAX_TIMESTAMP, FIRST_VERSION_WITH_MAX_TIMESTAMP)
            .await?;
        // Nothing is found where the newest is not replicated yet.
        if !found.offset.is_known() {
            return Ok(());
        }
        self.ledger
            .timestamp_seen(place, life, found.offset, found.timestamp);
        if self.keeps_all() && newest.is_some_and(|newest| found.timestamp < newest) {
            return self.wrong(&format!("the newest record is {newest:?}, not {found:?}"));
        }
        Ok(())
    }

    async fn by_timestamp(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let (place, life) = (self.place, connection.life);
        let span = 1 + self
            .ledger
            .newest(place, life)
            .map_or(0, |newest| newest.0 - FIRST_TIMESTAMP);
        let after = self.world.choose(span.unsigned_abs());
        let timestamp = Timestamp(FIRST_TIMESTAMP + after.cast_signed());
        let first = self.ledger.first_since(place, life, timestamp);
        let found = self.list(connection, timestamp, 1).await?;
        if found.offset.is_known() {
            self.ledger
                .timestamp_seen(place, life, found.offset, found.timestamp);
            if found.timestamp < timestamp {
                return self.wrong(&format!("{found:?} is older than {timestamp}"));
            }
        }
        let is_late = |first| !found.offset.is_known() || found.offset > first;
        if self.keeps_all() && first.is_some_and(is_late) {
            return self.wrong(&format!(
                "{first:?} is the first since {timestamp}, not {found:?}"
            ));
        }
        Ok(())
    }

    async fn epoch_end(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let (place, life) = (self.place, connection.life);
        let epochs = u64::from(self.epoch.0.unsigned_abs()) + 1;
        let asked = LeaderEpoch(self.world.choose(epochs) as i32);
        let (low, high) = self.ledger.epoch_end(place, life, asked);
        let request = OffsetForLeaderEpochRequest {
            topics: vec![OffsetForLeaderTopic {
                topic: self.ledger.name(place.topic).into(),
                partitions: vec![OffsetForLeaderPartition {
                    partition: PartitionIndex(place.partition),
                    current_leader_epoch: self.epoch,
                    leader_epoch: asked,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = 2 + self.world.choose(3) as i16;
        let answer = connection
            .ask(ApiKey::OffsetForLeaderEpoch, version, &request)
            .await?;
        let response: OffsetForLeaderEpochResponse<'_> = answer.decode()?;
        let found = response
            .topics
            .first()
            .and_then(|topic| topic.partitions.first())
            .ok_or_else(|| Trouble::Wrong("an answer without the partition".to_owned()))?;
        self.check(connection, found.error_code)?;
        let is_right = if found.end_offset.is_known() {
            found.leader_epoch <= asked
                && found.end_offset >= low
                && high.is_none_or(|high| found.end_offset <= high)
        } else {
            low == Offset::ZERO
        };
        if self.keeps_all() && !is_right {
            return self.wrong(&format!(
                "epoch {asked} ends between {low} and {high:?}, not {found:?}"
            ));
        }
        Ok(())
    }

    async fn list(
        &self,
        connection: &mut Connection,
        timestamp: Timestamp,
        first_version: i16,
    ) -> Result<ListOffsetsPartitionResponse, Trouble> {
        let versions = LAST_VERSION + 1 - first_version;
        let version = first_version + self.world.choose(versions.unsigned_abs().into()) as i16;
        let request = ListOffsetsRequest {
            topics: vec![ListOffsetsTopic {
                name: self.ledger.name(self.place.topic).into(),
                partitions: vec![ListOffsetsPartition {
                    partition_index: PartitionIndex(self.place.partition),
                    current_leader_epoch: self.epoch,
                    timestamp,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = connection
            .ask(ApiKey::ListOffsets, version, &request)
            .await?;
        let response: ListOffsetsResponse<'_> = answer.decode()?;
        let found = response
            .topics
            .into_iter()
            .flat_map(|topic| topic.partitions)
            .next()
            .ok_or_else(|| Trouble::Wrong("an answer without the partition".to_owned()))?;
        self.check(connection, found.error_code)?;
        Ok(found)
    }

    /// Whether the answer is one about this topic.
    fn check(&self, connection: &Connection, code: ErrorCode) -> Result<(), Trouble> {
        // Asked by name, another topic may have answered.
        if !self.ledger.exists(self.place.topic) {
            return Err(Trouble::Lost);
        }
        match code {
            ErrorCode::None => Ok(()),
            ErrorCode::NotLeaderOrFollower => Err(Trouble::Lost),
            ErrorCode::KafkaStorageError if self.ledger.is_sick(connection.life) => {
                Err(Trouble::Lost)
            }
            code => self.wrong(&code.to_string()),
        }
    }

    fn keeps_all(&self) -> bool {
        self.ledger.keeps_all(self.place.topic)
    }

    fn wrong<T>(&self, what: &str) -> Result<T, Trouble> {
        Err(Trouble::Wrong(format!("{:?}: {what}", self.place)))
    }
}
