//! A member with the classic protocol.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::ErrorCode;
use ottla_wire::api::ApiKey;
use ottla_wire::message::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use ottla_wire::message::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use ottla_wire::message::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity};
use ottla_wire::message::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};

use super::super::Planted;
use super::super::committed::{self, of_coordinator};
use super::super::connection::{Connection, Trouble};
use super::super::ledger::{Life, Place, Since};
use super::super::process::CONSUMER_SESSION;
use super::{Heard, LEAST_SESSION, Protocol, Slot, Whim, sharing};

/// How long a member waits for a generation: longer than any is waited for.
const JOIN_PATIENCE: Duration = Duration::from_secs(20);
const JOIN: i16 = 9;
const PROTOCOL_TYPE: &str = "consumer";
/// The first version that knows instances.
const FIRST_JOIN_OF_INSTANCES: i16 = 5;

/// Where a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// It is to be in the next generation.
    Outside,
    AtWork,
    /// It is not a member any more, and never will be under this id.
    Gone,
}

struct Classic<'a> {
    slot: &'a Slot,
    id: String,
    generation: i32,
    stands: Stands,
    has: BTreeMap<Place, Since>,
    /// What it knew of the topics when it assigned their partitions, if it leads.
    counts: Option<BTreeMap<String, usize>>,
    heard: Option<Heard>,
    /// When what it has was written down.
    written: Option<Life>,
    session: Duration,
    rebalance: Duration,
}

/// Is a member until it leaves, dies or is fenced.
pub(super) async fn live(slot: &Slot) {
    let random = |most| Duration::from_millis(slot.world.choose(most));
    let mut member = Classic {
        slot,
        id: String::new(),
        generation: -1,
        stands: Stands::Outside,
        has: BTreeMap::new(),
        counts: None,
        heard: None,
        written: None,
        session: LEAST_SESSION + random(4000),
        rebalance: Duration::from_secs(4) + random(6000),
    };
    while member.stands != Stands::Gone && !slot.ledger.is_over() {
        match member.converse().await {
            Ok(()) | Err(Trouble::Lost) => {}
            Err(Trouble::Wrong(what)) => {
                let group = &slot.plan.name;
                slot.ledger.violate(format!("{group}: {what}"));
            }
        }
        if member.stands != Stands::Gone {
            slot.rest(Duration::from_millis(500)).await;
        }
    }
}

impl Classic<'_> {
    async fn converse(&mut self) -> Result<(), Trouble> {
        let slot = self.slot;
        let mut connection = Connection::open(&slot.env, &slot.ledger).await?;
        slot.asker(None).find_coordinator(&mut connection).await?;
        while self.stands != Stands::Gone && !slot.ledger.is_over() {
            match slot.whim() {
                Whim::GoOn => {}
                Whim::Reconnect => return Ok(()),
                Whim::Pause(time) => slot.env.clock().sleep(time).await,
                // Static members come back instead.
                Whim::Leave if slot.instance.is_none() => {
                    self.stands = Stands::Gone;
                    return self.leave(&mut connection).await;
                }
                Whim::Leave | Whim::Die => {
                    self.stands = Stands::Gone;
                    return Ok(());
                }
            }
            if self.stands == Stands::Outside {
                self.join(&mut connection).await?;
            } else {
                self.heartbeat(&mut connection).await?;
            }
            if self.stands == Stands::AtWork {
                self.work(&mut connection).await?;
                slot.rest(slot.pace).await;
            }
        }
        Ok(())
    }

    async fn join(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        let slot = self.slot;
        self.go_outside();
        if !slot.plan.is_cooperative {
            self.give_up_all();
        }
        let version = match slot.instance {
            // From here on one that comes back knows that it leads.
            Some(_) => JOIN,
            None => FIRST_JOIN_OF_INSTANCES + slot.world.choose(5) as i16,
        };
        let metadata = sharing::subscription(&slot.plan, self.has.keys(), self.generation);
        let request = JoinGroupRequest {
            group_id: (&*slot.plan.name).into(),
            session_timeout_ms: milliseconds(self.session),
            rebalance_timeout_ms: milliseconds(self.rebalance),
            member_id: self.id.clone().into(),
            group_instance_id: slot.instance.as_deref().map(Into::into),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: self.protocol().into(),
                metadata: metadata.into(),
            }],
            ..Default::default()
        };
        let floor = slot.ledger.epoch_floor(&slot.plan.name, connection.life);
        let key = ApiKey::JoinGroup;
        let answer = connection
            .ask_within(JOIN_PATIENCE, key, version, &request)
            .await?;
        let response: JoinGroupResponse<'_> = answer.decode()?;
        match of_coordinator(response.error_code)? {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => {
                self.id = response.member_id.to_string();
                return Ok(());
            }
            code => return self.obey(connection, code),
        }
        if !self.id.is_empty() && *response.member_id != *self.id {
            let wrong = format!("{} joins, and becomes {}", self.id, response.member_id);
            return Err(Trouble::Wrong(wrong));
        }
        self.id = response.member_id.to_string();
        self.generation = response.generation_id;
        self.counts = None;
        let mut assignments = Vec::new();
        if *response.leader == *self.id {
            // One that is not to assign has not seen what was assigned, and calls for another generation.
            let mut counts = BTreeMap::new();
            if !response.skip_assignment {
                counts = self.current_counts();
                assignments = self.assign(&response, &counts)?;
            }
            self.counts = Some(counts);
        }
        self.sync(connection, assignments, floor).await
    }

    fn assign(
        &self,
        response: &JoinGroupResponse<'_>,
        counts: &BTreeMap<String, usize>,
    ) -> Result<Vec<SyncGroupRequestAssignment<'static>>, Trouble> {
        let plan = &self.slot.plan;
        let mut shared = counts.clone();
        if plan.planted == Planted::CarelessLeader
            && let Some(mut count) = shared.first_entry()
        {
            *count.get_mut() -= 1;
        }
        sharing::share(&response.members, &shared, plan.is_cooperative)
    }

    async fn sync(
        &mut self,
        connection: &mut Connection,
        assignments: Vec<SyncGroupRequestAssignment<'static>>,
        floor: i32,
    ) -> Result<(), Trouble> {
        let slot = self.slot;
        let request = SyncGroupRequest {
            group_id: (&*slot.plan.name).into(),
            generation_id: self.generation,
            member_id: self.id.clone().into(),
            group_instance_id: slot.instance.as_deref().map(Into::into),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(self.protocol().into()),
            assignments,
        };
        let version = 3 + slot.world.choose(3) as i16;
        let key = ApiKey::SyncGroup;
        let answer = connection
            .ask_within(JOIN_PATIENCE, key, version, &request)
            .await?;
        let response: SyncGroupResponse<'_> = answer.decode()?;
        match of_coordinator(response.error_code)? {
            ErrorCode::None => {}
            code => return self.obey(connection, code),
        }
        let group = &slot.plan.name;
        tracing::debug!(group, self.id, self.generation, "synced");
        self.written = Some(connection.life);
        if slot.plan.protocol == Protocol::Classic {
            let (life, generation) = (connection.life, self.generation);
            slot.ledger.epoch_seen(group, life, floor, generation);
        }
        let since = slot.ledger.since(connection.life);
        let places = sharing::assigned(&slot.plan, &response.assignment)?;
        let mut has: BTreeMap<Place, Since> =
            places.into_iter().map(|place| (place, since)).collect();
        let loses = self.has.keys().any(|place| !has.contains_key(place));
        if slot.plan.planted == Planted::GreedyMember {
            let kept = self.has.iter().map(|(place, since)| (*place, *since));
            has.extend(kept.collect::<Vec<_>>());
        }
        self.has = has;
        let life = connection.life;
        slot.ledger
            .had(group, &self.id, &self.has, since.moment(), life);
        // What it had to give up is free from now on, which it has everybody know.
        if !loses {
            self.stands = Stands::AtWork;
        }
        Ok(())
    }

    async fn heartbeat(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        let slot = self.slot;
        if self
            .counts
            .as_ref()
            .is_some_and(|counts| *counts != self.current_counts())
        {
            self.go_outside();
            return Ok(());
        }
        // Another generation may have its number, of which it has heard nothing.
        let (group, life) = (&slot.plan.name, connection.life);
        let written = self.written.unwrap_or(life);
        if slot.ledger.groups_lose_between(written, life) {
            self.go_outside();
            return Ok(());
        }
        let request = HeartbeatRequest {
            group_id: (&*slot.plan.name).into(),
            generation_id: self.generation,
            member_id: self.id.clone().into(),
            group_instance_id: slot.instance.as_deref().map(Into::into),
        };
        let (asked, until) = (slot.env.clock().monotonic(), slot.ledger.moment());
        let version = 3 + slot.world.choose(2) as i16;
        let answer = connection.ask(ApiKey::Heartbeat, version, &request).await?;
        let response: HeartbeatResponse = answer.decode()?;
        match of_coordinator(response.error_code)? {
            ErrorCode::None => {}
            code => return self.obey(connection, code),
        }
        // A coordinator that still loads says the same to everybody: what it is about to know was written when the member synced.
        self.heard = Some(Heard {
            asked,
            life: written,
        });
        slot.ledger.had(group, &self.id, &self.has, until, life);
        let has = self.has.keys().copied().collect();
        slot.ledger.member(group, slot.number, Some(has));
        Ok(())
    }

    async fn work(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        let member = committed::Member {
            id: &self.id,
            instance: self.slot.instance.as_deref(),
            epoch: self.generation,
            is_classic: true,
        };
        let code = self.slot.work(connection, member, &self.has).await?;
        self.obey(connection, code)
    }

    async fn leave(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        // If it never hears the answer, it may have left all the same.
        self.heard = None;
        let request = LeaveGroupRequest {
            group_id: (&*self.slot.plan.name).into(),
            members: vec![MemberIdentity {
                member_id: self.id.clone().into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = 3 + self.slot.world.choose(3) as i16;
        let key = ApiKey::LeaveGroup;
        let answer = connection.ask(key, version, &request).await?;
        // Whatever it says, the member is gone.
        let _: LeaveGroupResponse<'_> = answer.decode()?;
        Ok(())
    }

    /// What a code asks of a member.
    fn obey(&mut self, connection: &Connection, code: ErrorCode) -> Result<(), Trouble> {
        match code {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => self.go_outside(),
            ErrorCode::IllegalGeneration => {
                self.generation = -1;
                self.give_up_all();
                self.go_outside();
            }
            ErrorCode::UnknownMemberId => {
                let life = connection.life;
                // Others may have joined meanwhile, for whom it is not waited any longer.
                let mut patience = self.session.min(self.rebalance);
                if self.slot.plan.protocol != Protocol::Classic {
                    // And who takes over a mixed group gives everybody the session of the group.
                    patience = patience.min(CONSUMER_SESSION);
                }
                self.slot.is_expelled(self.heard, patience, life);
                self.begin_anew();
            }
            // Nobody may be missing in the end.
            ErrorCode::FencedInstanceId if self.slot.ledger.groups_are_at_rest() => {
                self.begin_anew();
            }
            ErrorCode::FencedInstanceId => self.stands = Stands::Gone,
            code => return Err(Trouble::Wrong(format!("a classic member is told {code}"))),
        }
        Ok(())
    }

    fn begin_anew(&mut self) {
        self.generation = -1;
        self.id.clear();
        self.give_up_all();
        self.go_outside();
    }

    /// From here on it has a time to join, and not only to say that it is alive.
    fn go_outside(&mut self) {
        self.stands = Stands::Outside;
        self.heard = None;
        self.written = None;
        let (group, number) = (&self.slot.plan.name, self.slot.number);
        self.slot.ledger.member(group, number, None);
    }

    fn give_up_all(&mut self) {
        if self.slot.plan.planted != Planted::GreedyMember {
            self.has.clear();
        }
    }

    fn protocol(&self) -> &'static str {
        if self.slot.plan.is_cooperative {
            "cooperative"
        } else {
            "eager"
        }
    }

    fn current_counts(&self) -> BTreeMap<String, usize> {
        let topics = self.slot.ledger.topics();
        let ids = self.slot.plan.topics.iter();
        ids.filter_map(|(name, id)| Some((name.clone(), topics.get(id)?.partitions)))
            .collect()
    }
}

fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).expect("time-outs are short")
}
