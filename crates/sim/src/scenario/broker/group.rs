//! A group whose one consumer commits offsets and asks for them again: what was acknowledged is what it finds, or something later.

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use ottla_wire::message::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse,
};
use ottla_wire::message::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    OffsetFetchResponse,
};

use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use crate::{SimEnv, World};

/// The last version that knows one group, or one key.
const LAST_FETCH_OF_ONE: i16 = 7;
const LAST_FIND_OF_ONE: i16 = 3;
/// The last versions that name topics.
const LAST_BY_NAME: i16 = 9;
const PARTITION: PartitionIndex = PartitionIndex(0);

/// Commits and fetches until the topic is gone, or for ever.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger, topic: TopicId) {
    let consumer = Consumer {
        world,
        ledger,
        topic,
        group: format!("group-{topic}"),
    };
    while !consumer.is_over() {
        match consumer.converse(&env).await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => {
                let group = &consumer.group;
                consumer.ledger.violate(format!("{group}: {what}"));
            }
        }
        let pause = Duration::from_millis(consumer.world.choose(1000));
        env.clock().sleep(pause).await;
    }
}

struct Consumer {
    world: World,
    ledger: Ledger,
    topic: TopicId,
    group: String,
}

impl Consumer {
    fn is_over(&self) -> bool {
        self.ledger.is_over() || !self.ledger.exists(self.topic)
    }

    async fn converse(&self, env: &SimEnv) -> Result<(), Trouble> {
        let mut connection = Connection::open(env, &self.ledger).await?;
        self.find_coordinator(&mut connection).await?;
        while !self.is_over() && self.world.choose(10) > 0 {
            if self.world.choose(2) == 0 {
                self.commit(&mut connection).await?;
            } else {
                self.fetch(&mut connection).await?;
            }
            let pause = Duration::from_millis(self.world.choose(300));
            env.clock().sleep(pause).await;
        }
        Ok(())
    }

    async fn find_coordinator(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let version = self.world.choose(7) as i16;
        let request = if version <= LAST_FIND_OF_ONE {
            FindCoordinatorRequest {
                key: self.group.as_str().into(),
                ..Default::default()
            }
        } else {
            FindCoordinatorRequest {
                coordinator_keys: vec![self.group.as_str().into()],
                ..Default::default()
            }
        };
        let key = ApiKey::FindCoordinator;
        let answer = connection.ask(key, version, &request).await?;
        let response: FindCoordinatorResponse<'_> = answer.decode()?;
        let of_one = response.coordinators.first();
        self.check(of_one.map_or(response.error_code, |found| found.error_code))
    }

    async fn commit(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let version = 2 + self.world.choose(9) as i16;
        let life = connection.life;
        let position = self.ledger.committing(&self.group);
        let by_name = version <= LAST_BY_NAME;
        let request = OffsetCommitRequest {
            group_id: self.group.as_str().into(),
            topics: vec![OffsetCommitRequestTopic {
                name: if by_name {
                    self.ledger.name(self.topic).into()
                } else {
                    "".into()
                },
                topic_id: if by_name { TopicId::NONE } else { self.topic },
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: PARTITION,
                    committed_offset: Offset(position),
                    committed_leader_epoch: LeaderEpoch::NONE,
                    committed_metadata: Some(position.to_string().into()),
                }],
            }],
            ..Default::default()
        };
        let key = ApiKey::OffsetCommit;
        let answer = connection.ask(key, version, &request).await?;
        let response: OffsetCommitResponse<'_> = answer.decode()?;
        let partitions = response.topics.first().map(|topic| &topic.partitions);
        let partition = partitions.and_then(|partitions| partitions.first());
        let partition = partition.ok_or_else(|| missing("partition"))?;
        self.check(partition.error_code)?;
        self.ledger.committed(&self.group, life, position);
        Ok(())
    }

    async fn fetch(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let version = 1 + self.world.choose(10) as i16;
        let life = connection.life;
        let request = self.fetch_request(version);
        let floor = self.ledger.committed_floor(&self.group);
        let key = ApiKey::OffsetFetch;
        let answer = connection.ask(key, version, &request).await?;
        let response: OffsetFetchResponse<'_> = answer.decode()?;
        self.check(response.error_code)?;
        let (offset, metadata) = if version <= LAST_FETCH_OF_ONE {
            let topics = response.topics.into_iter();
            let found = topics.flat_map(|topic| topic.partitions).next();
            let found = found.ok_or_else(|| missing("partition"))?;
            self.check(found.error_code)?;
            (found.committed_offset, found.metadata)
        } else {
            let group = response.groups.into_iter().next();
            let group = group.ok_or_else(|| missing("group"))?;
            self.check(group.error_code)?;
            let topics = group.topics.into_iter();
            let found = topics.flat_map(|topic| topic.partitions).next();
            let found = found.ok_or_else(|| missing("partition"))?;
            self.check(found.error_code)?;
            (found.committed_offset, found.metadata)
        };
        // With the topic, its offsets go.
        if !self.ledger.exists(self.topic) {
            return Ok(());
        }
        let expected = if offset.is_known() {
            offset.to_string()
        } else {
            String::new()
        };
        if metadata.as_deref() != Some(&*expected) {
            return Err(Trouble::Wrong(format!(
                "the note of offset {offset} is {metadata:?}"
            )));
        }
        self.ledger.committed_seen(&self.group, life, floor, offset);
        Ok(())
    }

    fn fetch_request(&self, version: i16) -> OffsetFetchRequest<'static> {
        let name = self.ledger.name(self.topic);
        let require_stable = version >= LAST_FETCH_OF_ONE && self.world.choose(2) == 0;
        if version <= LAST_FETCH_OF_ONE {
            return OffsetFetchRequest {
                group_id: self.group.clone().into(),
                topics: Some(vec![OffsetFetchRequestTopic {
                    name: name.into(),
                    partition_indexes: vec![PARTITION],
                }]),
                require_stable,
                ..Default::default()
            };
        }
        let by_name = version <= LAST_BY_NAME;
        OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: self.group.clone().into(),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: if by_name { name.into() } else { "".into() },
                    topic_id: if by_name { TopicId::NONE } else { self.topic },
                    partition_indexes: vec![PARTITION],
                }]),
                ..Default::default()
            }],
            require_stable,
            ..Default::default()
        }
    }

    /// Whether the answer tells of the group.
    fn check(&self, code: ErrorCode) -> Result<(), Trouble> {
        match code {
            ErrorCode::None => Ok(()),
            ErrorCode::CoordinatorNotAvailable
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::NotCoordinator => Err(Trouble::Lost),
            _ if !self.ledger.exists(self.topic) => Err(Trouble::Lost),
            code => Err(Trouble::Wrong(code.to_string())),
        }
    }
}

fn missing(what: &str) -> Trouble {
    Trouble::Wrong(format!("an answer without the {what}"))
}
