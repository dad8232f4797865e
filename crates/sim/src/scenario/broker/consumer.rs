//! Reads every partition from its beginning, again and again, and has what it reads judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex};
use ottla_wire::Records;
use ottla_wire::api::ApiKey;
use ottla_wire::message::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic, PartitionData,
};

use super::connection::{Connection, Trouble};
use super::ledger::{Ledger, Life, Place};
use super::pass::Pass;
use super::{metadata, offsets};
use crate::{SimEnv, World};

const FIRST_VERSION_WITH_SESSIONS: i16 = 7;
/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;
/// Epochs of a session as the protocol numbers them.
const NO_SESSION: i32 = -1;
const NEW_SESSION: i32 = 0;

/// How a consumer knows that it is at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// It never is.
    Told,
    /// Where every partition has been read to its high watermark: nobody writes any more.
    End,
}

/// Reads until the end, or until `ledger` is over, or for ever.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger, until: Until) {
    while !ledger.is_over() {
        let mut consumer = Consumer {
            world: world.clone(),
            ledger: ledger.clone(),
            partitions: BTreeMap::new(),
            forgotten: Vec::new(),
        };
        match consumer.converse(&env, until).await {
            Ok(()) if until == Until::End => return,
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => ledger.violate(format!("consumer: {what}")),
        }
        let pause = Duration::from_millis(50 + world.choose(500));
        env.clock().sleep(pause).await;
    }
}

struct Consumer {
    world: World,
    ledger: Ledger,
    partitions: BTreeMap<Place, Position>,
    /// Read no more, and the session does not know it yet.
    forgotten: Vec<Place>,
}

struct Position {
    pass: Pass,
    leader_epoch: LeaderEpoch,
    high_watermark: Option<Offset>,
    /// Where the session believes us to be.
    told: Option<Offset>,
}

/// Below these no answer may be that is asked for now.
#[derive(Clone, Copy)]
struct Floors {
    high_watermark: Offset,
    log_start: Offset,
}

impl Floors {
    fn of(ledger: &Ledger, place: Place, life: Life) -> Self {
        Self {
            high_watermark: ledger.high_watermark_floor(place, life),
            log_start: ledger.log_start_floor(place, life),
        }
    }
}

struct Session {
    id: i32,
    epoch: i32,
}

impl Consumer {
    async fn converse(&mut self, env: &SimEnv, until: Until) -> Result<(), Trouble> {
        let mut connection = Connection::open(env, &self.ledger).await?;
        let epochs = metadata::ask(&mut connection, &self.world, &self.ledger).await?;
        let starts =
            offsets::log_starts(&mut connection, &self.world, &self.ledger, &epochs).await?;
        for (place, leader_epoch) in epochs {
            let name = self.ledger.name(place.topic);
            let position = Position {
                pass: Pass::new(place, connection.life, name, starts[&place]),
                leader_epoch,
                high_watermark: None,
                told: None,
            };
            self.partitions.insert(place, position);
        }
        let versions = [4, 6, 7, 9, 11, 12, 13, 15, 17];
        let version = versions[self.world.choose(versions.len() as u64) as usize];
        let has_session = version >= FIRST_VERSION_WITH_SESSIONS && self.world.choose(2) == 0;
        let mut session = Session {
            id: 0,
            epoch: if has_session { NEW_SESSION } else { NO_SESSION },
        };
        // A reading that goes on for ever would never look at the beginning again.
        let most = if until == Until::End {
            u64::MAX
        } else {
            5 + self.world.choose(40)
        };
        for _ in 0..most {
            self.forget();
            if self.partitions.is_empty() || self.ledger.is_over() {
                return Ok(());
            }
            self.fetch(&mut connection, version, &mut session).await?;
            if until == Until::End && self.is_at_end() {
                for (place, position) in &self.partitions {
                    self.ledger
                        .whole_log_read(*place, connection.life, position.pass.next);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Leaves the topics that are being deleted.
    fn forget(&mut self) {
        let ledger = &self.ledger;
        let gone = self
            .partitions
            .extract_if(.., |place, _| !ledger.exists(place.topic));
        self.forgotten.extend(gone.map(|(place, _)| place));
    }

    fn is_at_end(&self) -> bool {
        self.partitions
            .values()
            .all(|position| position.high_watermark == Some(position.pass.next))
    }

    async fn fetch(
        &mut self,
        connection: &mut Connection,
        version: i16,
        session: &mut Session,
    ) -> Result<(), Trouble> {
        let by_id = version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let is_incremental = session.epoch > NEW_SESSION;
        let floors: BTreeMap<Place, Floors> = self
            .partitions
            .keys()
            .map(|place| (*place, Floors::of(&self.ledger, *place, connection.life)))
            .collect();
        let ledger = &self.ledger;
        let named = |place: Place| {
            if by_id {
                String::new()
            } else {
                ledger.name(place.topic)
            }
        };
        let forgotten = std::mem::take(&mut self.forgotten);
        let forgotten = forgotten.into_iter().filter(|_| is_incremental);
        let forgotten_topics_data = forgotten
            .map(|place| ForgottenTopic {
                topic: named(place).into(),
                topic_id: place.topic,
                partitions: vec![PartitionIndex(place.partition)],
            })
            .collect();
        let mut topics = Vec::new();
        for (place, position) in &mut self.partitions {
            let next = position.pass.next;
            if is_incremental && position.told == Some(next) {
                continue;
            }
            position.told = Some(next);
            topics.push(FetchTopic {
                topic: named(*place).into(),
                topic_id: place.topic,
                partitions: vec![FetchPartition {
                    partition: PartitionIndex(place.partition),
                    current_leader_epoch: position.leader_epoch,
                    fetch_offset: next,
                    partition_max_bytes: [1, 500, 100_000][self.world.choose(3) as usize],
                    ..Default::default()
                }],
                ..Default::default()
            });
        }
        let request = FetchRequest {
            max_wait_ms: self.world.choose(500) as i32,
            min_bytes: self.world.choose(3) as i32,
            max_bytes: [1, 2000, 1 << 20][self.world.choose(3) as usize],
            session_id: session.id,
            session_epoch: session.epoch,
            topics,
            forgotten_topics_data,
            ..Default::default()
        };
        let answer = connection.ask(ApiKey::Fetch, version, &request).await?;
        let response: FetchResponse<'_> = answer.decode()?;
        match response.error_code {
            ErrorCode::None => {}
            code => return Err(Trouble::Wrong(format!("fetch refused with {code}"))),
        }
        if session.epoch != NO_SESSION && response.session_id != 0 {
            session.id = response.session_id;
            session.epoch += 1;
        }
        let mut named = BTreeSet::new();
        for topic in &response.responses {
            for data in &topic.partitions {
                let partition = data.partition_index.0;
                let is_it = |place: &&Place| {
                    place.partition == partition
                        && if by_id {
                            place.topic == topic.topic_id
                        } else {
                            self.ledger.name(place.topic) == topic.topic
                        }
                };
                let place = self.partitions.keys().find(is_it).copied();
                let place = place.ok_or_else(|| {
                    Trouble::Wrong(format!("{} {partition} was not asked for", topic.topic))
                })?;
                named.insert(place);
                self.take(connection, place, floors[&place], data)?;
            }
        }
        if !is_incremental && named.len() < self.partitions.len() {
            return Err(Trouble::Wrong("a partition is not answered".to_owned()));
        }
        Ok(())
    }

    fn take(
        &mut self,
        connection: &Connection,
        place: Place,
        floors: Floors,
        data: &PartitionData<'_>,
    ) -> Result<(), Trouble> {
        if !self.ledger.exists(place.topic) {
            return Ok(());
        }
        match data.error_code {
            ErrorCode::None => {}
            ErrorCode::NotLeaderOrFollower => return Err(Trouble::Lost),
            // It may have gone before it was read.
            ErrorCode::OffsetOutOfRange if !self.ledger.keeps_all(place.topic) => {
                return Err(Trouble::Lost);
            }
            ErrorCode::KafkaStorageError if self.ledger.is_sick(connection.life) => {
                return Err(Trouble::Lost);
            }
            code => {
                return Err(Trouble::Wrong(format!(
                    "{place:?} from {}: {code}",
                    self.partitions[&place].pass.next
                )));
            }
        }
        let life = connection.life;
        self.ledger
            .high_watermark_seen(place, life, floors.high_watermark, data.high_watermark);
        if data.log_start_offset.is_known() {
            self.ledger
                .log_start_seen(place, life, floors.log_start, data.log_start_offset);
        }
        let position = self
            .partitions
            .get_mut(&place)
            .expect("only what was asked for is taken");
        if position.pass.next < floors.log_start {
            return Err(Trouble::Wrong(format!(
                "{place:?}: {} is read, and the log begins at {} at least",
                position.pass.next, floors.log_start
            )));
        }
        position.high_watermark = Some(data.high_watermark);
        if let Some(Records::Bytes(bytes)) = data.records {
            position.pass.take(&self.ledger, bytes)?;
        }
        if position.pass.next > data.high_watermark {
            return Err(Trouble::Wrong(format!(
                "{place:?}: records up to {} above the high watermark {}",
                position.pass.next, data.high_watermark
            )));
        }
        Ok(())
    }
}
