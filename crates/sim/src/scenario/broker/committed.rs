//! FindCoordinator, OffsetCommit and OffsetFetch of a group, by a member of it or by whoever is none: what was acknowledged is what is
//! found, or something later.

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
use super::ledger::{Ledger, Place};
use crate::World;

/// The last version that knows one group, or one key.
const LAST_FETCH_OF_ONE: i16 = 7;
const LAST_FIND_OF_ONE: i16 = 3;
/// The last versions that name topics.
const LAST_BY_NAME: i16 = 9;
/// The versions of OffsetCommit, the first that knows instances, and the first that knows member epochs.
const COMMITS: std::ops::Range<i16> = 2..11;
const FIRST_COMMIT_OF_INSTANCES: i16 = 7;
const FIRST_COMMIT_OF_EPOCHS: i16 = 9;
/// The versions of OffsetFetch, and the first that knows member epochs.
const FETCHES: std::ops::Range<i16> = 1..11;
const FIRST_FETCH_OF_EPOCHS: i16 = 9;

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) world: &'a World,
    pub(super) ledger: &'a Ledger,
    pub(super) group: &'a str,
    /// `None` for who does not use the group's membership.
    pub(super) member: Option<Member<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) id: &'a str,
    pub(super) instance: Option<&'a str>,
    /// Or its generation.
    pub(super) epoch: i32,
    pub(super) is_classic: bool,
}

impl Asker<'_> {
    pub(super) async fn find_coordinator(
        &self,
        connection: &mut Connection,
    ) -> Result<(), Trouble> {
        let version = self.world.choose(7) as i16;
        let request = if version <= LAST_FIND_OF_ONE {
            FindCoordinatorRequest {
                key: self.group.into(),
                ..Default::default()
            }
        } else {
            FindCoordinatorRequest {
                coordinator_keys: vec![self.group.into()],
                ..Default::default()
            }
        };
        let key = ApiKey::FindCoordinator;
        let answer = connection.ask(key, version, &request).await?;
        let response: FindCoordinatorResponse<'_> = answer.decode()?;
        let of_one = response.coordinators.first();
        let code = of_one.map_or(response.error_code, |found| found.error_code);
        match of_coordinator(code)? {
            ErrorCode::None => Ok(()),
            code => Err(Trouble::Wrong(format!("no coordinator: {code}"))),
        }
    }

    /// Commits the next position, and gives the code of the answer.
    pub(super) async fn commit(
        &self,
        connection: &mut Connection,
        place: Place,
    ) -> Result<ErrorCode, Trouble> {
        let first = match self.member {
            Some(member) if !member.is_classic => FIRST_COMMIT_OF_EPOCHS,
            Some(member) if member.instance.is_some() => FIRST_COMMIT_OF_INSTANCES,
            _ => COMMITS.start,
        };
        let version = self.choose(first..COMMITS.end);
        let life = connection.life;
        let position = self.ledger.committing(self.group, place, life);
        let by_name = version <= LAST_BY_NAME;
        let member = self.member;
        let request = OffsetCommitRequest {
            group_id: self.group.into(),
            generation_id_or_member_epoch: member.map_or(-1, |member| member.epoch),
            member_id: member.map_or("", |member| member.id).into(),
            group_instance_id: member.and_then(|member| member.instance).map(Into::into),
            topics: vec![OffsetCommitRequestTopic {
                name: if by_name {
                    self.ledger.name(place.topic).into()
                } else {
                    "".into()
                },
                topic_id: if by_name { TopicId::NONE } else { place.topic },
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: PartitionIndex(place.partition),
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
        let code = partition.ok_or_else(|| missing("partition"))?.error_code;
        match of_coordinator(code)? {
            ErrorCode::None => self.ledger.committed(self.group, place, life, position),
            _ => self.ledger.commit_refused(self.group, place, position),
        }
        Ok(code)
    }

    /// Has what the group has committed judged, and gives the code of the answer.
    pub(super) async fn fetch(
        &self,
        connection: &mut Connection,
        place: Place,
    ) -> Result<ErrorCode, Trouble> {
        let member = self.member.filter(|member| !member.is_classic);
        let first = if member.is_some() {
            FIRST_FETCH_OF_EPOCHS
        } else {
            FETCHES.start
        };
        let version = self.choose(first..FETCHES.end);
        let life = connection.life;
        let request = self.fetch_request(place, version, member);
        let asked = self.ledger.moment();
        let key = ApiKey::OffsetFetch;
        let answer = connection.ask(key, version, &request).await?;
        let response: OffsetFetchResponse<'_> = answer.decode()?;
        let group = response.groups.into_iter().next();
        let of_group = group.as_ref().map(|group| group.error_code);
        for code in [Some(response.error_code), of_group].into_iter().flatten() {
            if of_coordinator(code)? != ErrorCode::None {
                return Ok(code);
            }
        }
        let (code, offset, metadata) = if version <= LAST_FETCH_OF_ONE {
            let topics = response.topics.into_iter();
            let found = topics.flat_map(|topic| topic.partitions).next();
            let found = found.ok_or_else(|| missing("partition"))?;
            (found.error_code, found.committed_offset, found.metadata)
        } else {
            let topics = group.ok_or_else(|| missing("group"))?.topics.into_iter();
            let found = topics.flat_map(|topic| topic.partitions).next();
            let found = found.ok_or_else(|| missing("partition"))?;
            (found.error_code, found.committed_offset, found.metadata)
        };
        if of_coordinator(code)? != ErrorCode::None {
            return Ok(code);
        }
        // With the topic, its offsets go.
        if !self.ledger.exists(place.topic) {
            return Ok(ErrorCode::None);
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
        self.ledger
            .committed_seen(self.group, place, life, asked, offset);
        Ok(ErrorCode::None)
    }

    fn fetch_request(
        &self,
        place: Place,
        version: i16,
        member: Option<Member<'_>>,
    ) -> OffsetFetchRequest<'static> {
        let name = self.ledger.name(place.topic);
        let partition_indexes = vec![PartitionIndex(place.partition)];
        let require_stable = version >= LAST_FETCH_OF_ONE && self.world.choose(2) == 0;
        if version <= LAST_FETCH_OF_ONE {
            return OffsetFetchRequest {
                group_id: self.group.to_owned().into(),
                topics: Some(vec![OffsetFetchRequestTopic {
                    name: name.into(),
                    partition_indexes,
                }]),
                require_stable,
                ..Default::default()
            };
        }
        let by_name = version <= LAST_BY_NAME;
        OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: self.group.to_owned().into(),
                member_id: member.map(|member| member.id.to_owned().into()),
                member_epoch: member.map_or(-1, |member| member.epoch),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: if by_name { name.into() } else { "".into() },
                    topic_id: if by_name { TopicId::NONE } else { place.topic },
                    partition_indexes,
                }]),
            }],
            require_stable,
            ..Default::default()
        }
    }

    fn choose(&self, versions: std::ops::Range<i16>) -> i16 {
        let count = versions.end - versions.start;
        versions.start + self.world.choose(count.unsigned_abs().into()) as i16
    }
}

/// The code, unless it says that there is no coordinator here now, or none that can say what it has written.
pub(super) fn of_coordinator(code: ErrorCode) -> Result<ErrorCode, Trouble> {
    match code {
        ErrorCode::CoordinatorNotAvailable
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::NotCoordinator => Err(Trouble::Lost),
        code => Ok(code),
    }
}

fn missing(what: &str) -> Trouble {
    Trouble::Wrong(format!("an answer without the {what}"))
}
