//! A member with the protocol of KIP-848.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ottla_env::{Clock, Entropy, Env};
use ottla_model::{ErrorCode, PartitionIndex, TopicId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::super::Planted;
use super::super::committed::{self, of_coordinator};
use super::super::connection::{Connection, Trouble};
use super::super::ledger::{Life, Place, Since};
use super::super::process::CONSUMER_SESSION;
use super::{Heard, Protocol, Slot, Whim};

/// Epochs in which a member is none.
const JOIN: i32 = 0;
const LEAVE: i32 = -1;
const LEAVE_FOR_A_WHILE: i32 = -2;
/// The first version in which members choose their ids, and may subscribe by an expression.
const FIRST_VERSION_WITH_OWN_IDS: i16 = 1;

struct Consumer<'a> {
    slot: &'a Slot,
    version: i16,
    by_expression: bool,
    id: String,
    epoch: i32,
    has: BTreeMap<Place, Since>,
    /// Of what it has, what it is to give up.
    revoked: BTreeSet<Place>,
    /// The next request says all, or what it has.
    tells_all: bool,
    tells_what_it_has: bool,
    heard: Option<Heard>,
    is_gone: bool,
}

/// Is a member until it leaves or dies.
pub(super) async fn live(slot: &Slot) {
    let version = slot.world.choose(2) as i16;
    let by_expression = version >= FIRST_VERSION_WITH_OWN_IDS && slot.world.choose(3) == 0;
    let mut member = Consumer {
        slot,
        version,
        by_expression,
        id: String::new(),
        epoch: JOIN,
        has: BTreeMap::new(),
        revoked: BTreeSet::new(),
        tells_all: true,
        tells_what_it_has: true,
        heard: None,
        is_gone: false,
    };
    if version >= FIRST_VERSION_WITH_OWN_IDS {
        member.id = slot.env.entropy().uuid().to_string();
    }
    while !member.is_gone && !slot.ledger.is_over() {
        match member.converse().await {
            Ok(()) => {}
            Err(Trouble::Lost) => member.tells_all = true,
            Err(Trouble::Wrong(what)) => {
                let group = &slot.plan.name;
                slot.ledger.violate(format!("{group}: {what}"));
            }
        }
        if !member.is_gone {
            slot.rest(Duration::from_millis(500)).await;
        }
    }
}

impl Consumer<'_> {
    async fn converse(&mut self) -> Result<(), Trouble> {
        let slot = self.slot;
        let mut connection = Connection::open(&slot.env, &slot.ledger).await?;
        slot.asker(None).find_coordinator(&mut connection).await?;
        while !self.is_gone && !slot.ledger.is_over() {
            match slot.whim() {
                Whim::GoOn => {}
                Whim::Reconnect => return Ok(()),
                Whim::Pause(time) => slot.env.clock().sleep(time).await,
                Whim::Leave => {
                    self.is_gone = true;
                    return self.leave(&mut connection).await;
                }
                Whim::Die => {
                    self.is_gone = true;
                    return Ok(());
                }
            }
            self.give_up_what_is_revoked();
            self.heartbeat(&mut connection).await?;
            if self.epoch > JOIN {
                self.work(&mut connection).await?;
            }
            // Who has something to tell does not wait.
            let pace = if self.tells_what_it_has {
                slot.pace / 10
            } else {
                slot.pace
            };
            slot.rest(pace).await;
        }
        Ok(())
    }

    async fn heartbeat(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        let slot = self.slot;
        let (group, life) = (&slot.plan.name, connection.life);
        let request = self.request();
        let (asked, until) = (slot.env.clock().monotonic(), slot.ledger.moment());
        let floor = slot.ledger.epoch_floor(group, life);
        let key = ApiKey::ConsumerGroupHeartbeat;
        let answer = connection.ask(key, self.version, &request).await?;
        let response: ConsumerGroupHeartbeatResponse<'_> = answer.decode()?;
        match of_coordinator(response.error_code)? {
            ErrorCode::None => {}
            code => return self.obey(connection, code),
        }
        if self.id.is_empty() {
            let id = response.member_id.as_deref();
            let id = id.ok_or_else(|| Trouble::Wrong("a member without an id".to_owned()))?;
            self.id = id.to_owned();
        }
        if response.member_epoch < self.epoch {
            return Err(Trouble::Wrong(format!(
                "{} was in epoch {}, and is in {}",
                self.id, self.epoch, response.member_epoch
            )));
        }
        if slot.plan.protocol == Protocol::Consumer {
            let joins = self.epoch == JOIN;
            let floor = if joins { floor } else { 0 };
            slot.ledger
                .epoch_seen(group, life, floor, response.member_epoch);
        }
        self.epoch = response.member_epoch;
        tracing::debug!(
            group,
            self.id,
            self.epoch,
            by_expression = self.by_expression,
            "alive"
        );
        self.tells_all = false;
        self.tells_what_it_has = false;
        slot.ledger.had(group, &self.id, &self.has, until, life);
        if let Some(assignment) = response.assignment {
            self.take(assignment, life);
        }
        let is_busy = self.tells_what_it_has || !self.revoked.is_empty();
        self.heard = (!is_busy).then_some(Heard { asked, life });
        let has = (!is_busy).then(|| self.has.keys().copied().collect());
        slot.ledger.member(group, slot.number, has);
        Ok(())
    }

    fn request(&self) -> ConsumerGroupHeartbeatRequest<'static> {
        let slot = self.slot;
        let mut request = ConsumerGroupHeartbeatRequest {
            group_id: slot.plan.name.clone().into(),
            member_id: self.id.clone().into(),
            member_epoch: self.epoch,
            instance_id: slot.instance.clone().map(Into::into),
            ..Default::default()
        };
        if self.tells_all || self.tells_what_it_has {
            let mut topics: BTreeMap<TopicId, Vec<PartitionIndex>> = BTreeMap::new();
            for place in self.has.keys().filter(|place| self.admits(place)) {
                let partitions = topics.entry(place.topic).or_default();
                partitions.push(PartitionIndex(place.partition));
            }
            let topics = topics.into_iter();
            request.topic_partitions = Some(
                topics
                    .map(|(topic_id, partitions)| TopicPartitions {
                        topic_id,
                        partitions,
                    })
                    .collect(),
            );
        }
        if self.tells_all {
            let names = slot.plan.topics.keys().chain(&slot.plan.guest);
            let names: Vec<&String> = names.collect();
            request.rebalance_timeout_ms = 10_000;
            if self.by_expression {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                request.subscribed_topic_regex = Some(names.join("|").into());
            } else {
                let names = names.into_iter().cloned().map(Into::into);
                request.subscribed_topic_names = Some(names.collect());
            }
        }
        request
    }

    /// A greedy one says that it has given up what it keeps.
    fn admits(&self, place: &Place) -> bool {
        self.slot.plan.planted != Planted::GreedyMember || !self.revoked.contains(place)
    }

    fn take(&mut self, assignment: Assignment, life: Life) {
        let since = self.slot.ledger.since(life);
        let topics = assignment.topic_partitions.into_iter();
        let told: BTreeSet<Place> = topics
            .flat_map(|topic| {
                let partitions = topic.partitions.into_iter();
                partitions.map(move |partition| Place {
                    topic: topic.topic_id,
                    partition: partition.0,
                })
            })
            .collect();
        let has = self.has.keys().copied();
        self.revoked = has.filter(|place| !told.contains(place)).collect();
        let mut new = BTreeMap::new();
        for place in told {
            if !self.has.contains_key(&place) {
                new.insert(place, since);
            }
        }
        // Also where nothing is new to it: the coordinator may have been thrown back to what the member had before.
        self.tells_what_it_has = true;
        let (group, moment) = (&self.slot.plan.name, since.moment());
        self.slot.ledger.had(group, &self.id, &new, moment, life);
        self.has.extend(new);
    }

    /// Its application may need a while for it.
    fn give_up_what_is_revoked(&mut self) {
        if self.revoked.is_empty() || self.slot.world.choose(3) == 0 {
            return;
        }
        if self.slot.plan.planted != Planted::GreedyMember {
            for place in std::mem::take(&mut self.revoked) {
                self.has.remove(&place);
            }
        }
        self.tells_what_it_has = true;
    }

    async fn work(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        let member = committed::Member {
            id: &self.id,
            instance: self.slot.instance.as_deref(),
            epoch: self.epoch,
            is_classic: false,
        };
        let code = self.slot.work(connection, member, &self.has).await?;
        match code {
            // It learns with the next heartbeat what has become of it.
            ErrorCode::StaleMemberEpoch | ErrorCode::IllegalGeneration => Ok(()),
            code => self.obey(connection, code),
        }
    }

    async fn leave(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        // If it never hears the answer, it may have left all the same.
        self.heard = None;
        let comes_back = self.slot.instance.is_some() && self.slot.world.choose(3) > 0;
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.slot.plan.name.clone().into(),
            member_id: self.id.clone().into(),
            member_epoch: if comes_back { LEAVE_FOR_A_WHILE } else { LEAVE },
            instance_id: self.slot.instance.clone().map(Into::into),
            ..Default::default()
        };
        let key = ApiKey::ConsumerGroupHeartbeat;
        let answer = connection.ask(key, self.version, &request).await?;
        // Whatever it says, the member is gone.
        let _: ConsumerGroupHeartbeatResponse<'_> = answer.decode()?;
        Ok(())
    }

    /// What a code asks of a member.
    fn obey(&mut self, connection: &Connection, code: ErrorCode) -> Result<(), Trouble> {
        let slot = self.slot;
        match code {
            ErrorCode::None => return Ok(()),
            // Its instance is that of a member that died, whose session has to end.
            ErrorCode::UnreleasedInstanceId => {}
            ErrorCode::UnknownMemberId | ErrorCode::GroupIdNotFound => {
                slot.is_expelled(self.heard, CONSUMER_SESSION, connection.life);
                self.begin_anew();
            }
            ErrorCode::FencedMemberEpoch => self.begin_anew(),
            // Nobody may be missing in the end.
            ErrorCode::FencedInstanceId if slot.ledger.groups_are_at_rest() => self.begin_anew(),
            ErrorCode::FencedInstanceId => self.is_gone = true,
            code => return Err(Trouble::Wrong(format!("a member is told {code}"))),
        }
        slot.ledger.member(&slot.plan.name, slot.number, None);
        Ok(())
    }

    fn begin_anew(&mut self) {
        self.epoch = JOIN;
        self.has.clear();
        self.revoked.clear();
        self.tells_all = true;
        self.heard = None;
    }
}
