//! Clients of both protocols, which have one request under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_coordinator::Ticket;
use ottla_group::classic::{JoinAnswer, SyncAnswer};
use ottla_group::{ConsumerHeartbeat, MemberClaim, Request};
use ottla_model::{ErrorCode, PartitionIndex, TopicId, Uuid};
use ottla_wire::consumer_protocol::ConsumerProtocolSubscription;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use ottla_wire::message::join_group::JoinGroupRequest;
use ottla_wire::message::sync_group::SyncGroupRequest;
use ottla_wire::version_prefix;

use super::judge::{Judge, Moment};
use crate::partition::{GROUP, PARTITIONS, assigned, assigning, classic, consumer, sync, told};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Join,
    Sync,
    /// It is at work.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) is_classic: bool,
    pub(super) id: String,
    pub(super) instance: Option<String>,
    pub(super) epoch: i32,
    pub(super) wants: Wants,
    pub(super) has: BTreeMap<i32, Moment>,
    /// Of what it has, what it is to give up.
    pub(super) revoked: BTreeSet<i32>,
    /// What it is to assign, if it leads.
    shares: Vec<(String, Vec<i32>)>,
    pub(super) tells_what_it_has: bool,
    tells_all: bool,
    pub(super) asked: Option<(Ticket, Moment)>,
}

impl Client {
    pub(super) fn new(is_classic: bool, id: String, instance: Option<String>) -> Self {
        Self {
            is_classic,
            id,
            instance,
            epoch: if is_classic { -1 } else { 0 },
            wants: Wants::Join,
            has: BTreeMap::new(),
            revoked: BTreeSet::new(),
            shares: Vec::new(),
            tells_what_it_has: true,
            tells_all: true,
            asked: None,
        }
    }

    pub(super) fn claim(&self) -> MemberClaim {
        MemberClaim {
            member_id: Arc::from(&*self.id),
            instance_id: self.instance.as_deref().map(Arc::from),
            generation_or_epoch: self.epoch,
            version: 9,
        }
    }

    pub(super) fn is_at_work(&self) -> bool {
        let has_told = self.is_classic || !self.tells_what_it_has;
        self.wants == Wants::Nothing && self.revoked.is_empty() && has_told
    }

    pub(super) fn join_request(&self) -> JoinGroupRequest<'static> {
        let owned: Vec<i32> = self.has.keys().copied().collect();
        JoinGroupRequest {
            group_instance_id: self.instance.clone().map(Into::into),
            ..classic(&self.id, &owned)
        }
    }

    pub(super) fn sync_request(&self) -> SyncGroupRequest<'static> {
        let shares = self.shares.iter();
        let shares: Vec<(&str, &[i32])> = shares.map(|(id, share)| (&**id, &**share)).collect();
        let request = if shares.is_empty() {
            sync(&self.id, self.epoch)
        } else {
            assigning(&self.id, self.epoch, &shares)
        };
        SyncGroupRequest {
            group_instance_id: self.instance.clone().map(Into::into),
            ..request
        }
    }

    pub(super) fn consumer_request(&self, epoch: i32, topic: TopicId, uuid: Uuid) -> Request {
        let mut request = ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: self.id.clone().into(),
            member_epoch: epoch,
            instance_id: self.instance.clone().map(Into::into),
            ..Default::default()
        };
        if epoch >= 0 && (self.tells_all || self.tells_what_it_has) {
            let partitions: Vec<_> = self.has.keys().copied().map(PartitionIndex).collect();
            let topic = TopicPartitions {
                topic_id: topic,
                partitions,
            };
            let is_empty = self.has.is_empty();
            request.topic_partitions = Some((!is_empty).then_some(topic).into_iter().collect());
        }
        if epoch >= 0 && self.tells_all {
            let all = consumer(&self.id);
            request.rebalance_timeout_ms = all.rebalance_timeout_ms;
            request.subscribed_topic_names = all.subscribed_topic_names;
        }
        Request::ConsumerHeartbeat(Box::new(ConsumerHeartbeat {
            request,
            version: 1,
            client_id: "client".into(),
            client_host: "/127.0.0.1".into(),
            uuid,
        }))
    }

    pub(super) fn joined(&mut self, answer: &JoinAnswer) {
        match answer.error {
            ErrorCode::None => {
                self.id = answer.member_id.to_string();
                self.epoch = answer.generation;
                self.wants = Wants::Sync;
                self.shares.clear();
                if answer.leader == answer.member_id && !answer.skip_assignment {
                    self.shares = shares(answer);
                }
            }
            ErrorCode::MemberIdRequired => self.id = answer.member_id.to_string(),
            code => self.obey(code),
        }
    }

    pub(super) fn synced(&mut self, answer: &SyncAnswer, judge: &mut Judge) {
        if answer.error != ErrorCode::None {
            return self.obey(answer.error);
        }
        let since = judge.moment();
        let has: BTreeMap<i32, Moment> = if answer.assignment.is_empty() {
            BTreeMap::new()
        } else {
            told(answer).into_iter().map(|part| (part, since)).collect()
        };
        let loses = self.has.keys().any(|part| !has.contains_key(part));
        self.has = has;
        judge.had(&self.id, &self.has, since);
        // What it had to give up is free from now on, which it has everybody know.
        self.wants = if loses { Wants::Join } else { Wants::Nothing };
    }

    pub(super) fn alive(&mut self, code: ErrorCode, judge: &mut Judge, asked: Moment) {
        match code {
            ErrorCode::None => judge.had(&self.id, &self.has, asked),
            code => self.obey(code),
        }
    }

    pub(super) fn heard(
        &mut self,
        answer: &ConsumerGroupHeartbeatResponse<'static>,
        judge: &mut Judge,
        asked: Moment,
    ) {
        if answer.error_code != ErrorCode::None {
            return self.obey(answer.error_code);
        }
        assert!(answer.member_epoch >= self.epoch, "{self:?}: {answer:?}");
        assert!(answer.member_epoch > 0, "{self:?}: {answer:?}");
        self.epoch = answer.member_epoch;
        self.wants = Wants::Nothing;
        self.tells_all = false;
        self.tells_what_it_has = false;
        judge.had(&self.id, &self.has, asked);
        if answer.assignment.is_none() {
            return;
        }
        let since = judge.moment();
        let told: BTreeSet<i32> = assigned(answer).into_iter().collect();
        let has = self.has.keys().copied();
        self.revoked = has.filter(|part| !told.contains(part)).collect();
        for part in told {
            if !self.has.contains_key(&part) {
                self.tells_what_it_has = true;
                self.has.insert(part, since);
            }
        }
        judge.had(&self.id, &self.has, asked);
    }

    /// It hears nothing of what it asked.
    pub(super) fn lose_connection(&mut self) {
        self.asked = None;
        self.tells_all = true;
        if self.wants == Wants::Sync {
            self.wants = Wants::Join;
        }
    }

    pub(super) fn give_up(&mut self) {
        for part in std::mem::take(&mut self.revoked) {
            self.has.remove(&part);
            self.tells_what_it_has = true;
        }
    }

    /// What an error asks of a client.
    pub(super) fn obey(&mut self, code: ErrorCode) {
        match code {
            ErrorCode::None
            | ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotEnoughReplicas
            | ErrorCode::UnreleasedInstanceId => self.lose_connection(),
            ErrorCode::RebalanceInProgress => self.wants = Wants::Join,
            ErrorCode::StaleMemberEpoch => {}
            ErrorCode::IllegalGeneration => {
                self.epoch = -1;
                self.begin_anew();
            }
            ErrorCode::UnknownMemberId
            | ErrorCode::FencedMemberEpoch
            | ErrorCode::FencedInstanceId
            | ErrorCode::GroupIdNotFound => {
                self.epoch = if self.is_classic { -1 } else { 0 };
                if self.is_classic {
                    self.id.clear();
                }
                self.begin_anew();
            }
            code => panic!("{self:?} is told {code}"),
        }
    }

    fn begin_anew(&mut self) {
        self.has.clear();
        self.revoked.clear();
        self.wants = Wants::Join;
        self.tells_all = true;
        self.tells_what_it_has = true;
    }
}

/// Everybody gets as many partitions, but none that somebody else still has.
fn shares(answer: &JoinAnswer) -> Vec<(String, Vec<i32>)> {
    let mut owners = BTreeMap::new();
    for member in &answer.members {
        let subscription: ConsumerProtocolSubscription<'_> =
            version_prefix::decode(&member.metadata).unwrap();
        let owned = subscription.owned_partitions.iter();
        for partition in owned.flat_map(|owned| &owned.partitions) {
            owners.insert(partition.0, member.member_id.to_string());
        }
    }
    let mut ids: Vec<String> = answer
        .members
        .iter()
        .map(|member| member.member_id.to_string())
        .collect();
    ids.sort_unstable();
    let count = i32::try_from(ids.len()).unwrap();
    let shares = (0..count).zip(ids).map(|(at, id)| {
        let share = at * PARTITIONS / count..(at + 1) * PARTITIONS / count;
        let is_free = |part: &i32| owners.get(part).is_none_or(|owner| *owner == id);
        let share = share.filter(is_free).collect();
        (id, share)
    });
    shares.collect()
}
