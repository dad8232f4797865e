//! A classic group, and what every request needs of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_coordinator::{Now, Ticket};
use ottla_model::{ErrorCode, Monotonic, Timestamp};
use rustc_hash::FxHashSet;

use super::Step;
use super::answer::{Answer, JoinAnswer, JoinedMember, SyncAnswer};
use super::member::Terms;
use super::members::Members;
use super::phase::{Phase, State};
use super::sessions::Sessions;

/// The protocol type of the groups whose members are consumers.
pub(super) const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// A group whose members assign among themselves.
#[derive(Clone, Debug)]
pub struct ClassicGroup {
    pub(super) id: Arc<str>,
    pub(super) phase: Phase,
    /// Since when it is in that phase; old records do not say.
    pub(super) since: Option<Timestamp>,
    /// Of which kind the members are, `consumer` or `connect`; `None` until there has been one.
    pub(super) protocol_type: Option<Arc<str>>,
    /// What the members of this generation follow; `None` when there are none, or have not been.
    pub(super) protocol: Option<Arc<str>>,
    /// One more with each rebalance; 0 before the first.
    pub(super) generation: i32,
    pub(super) members: Members,
    /// Ids that were given out, and whose clients have not joined with them yet. None of them is a member, all have sessions.
    pub(super) pending: BTreeSet<Arc<str>>,
    /// Of members and of the pending. An excused member may have none.
    pub(super) sessions: Sessions,
    /// What the members of this generation subscribe to; `None` for what are not consumers, or cannot be read.
    pub(super) subscriptions: Option<FxHashSet<Box<str>>>,
}

impl ClassicGroup {
    /// An empty group that nobody has joined yet.
    #[must_use]
    pub fn new(id: Arc<str>, now: Now) -> Self {
        Self {
            id,
            phase: Phase::Empty,
            since: Some(now.wall),
            protocol_type: None,
            protocol: None,
            generation: 0,
            members: Members::default(),
            pending: BTreeSet::new(),
            sessions: Sessions::default(),
            subscriptions: None,
        }
    }

    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    #[must_use]
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// Whether it is in state Empty; there may be clients that were told an id.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.phase, Phase::Empty)
    }

    #[must_use]
    pub fn generation(&self) -> i32 {
        self.generation
    }

    #[must_use]
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    #[must_use]
    pub fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type() == Some(CONSUMER_PROTOCOL_TYPE)
    }

    /// When it came into its state.
    #[must_use]
    pub fn current_state_timestamp(&self) -> Option<Timestamp> {
        self.since
    }

    /// When to call [`Self::expire`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let deadlines = [self.phase.deadline(), self.sessions.next_deadline()];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn enter(&mut self, phase: Phase, now: Now) {
        self.phase = phase;
        self.since = Some(now.wall);
    }

    /// Whether `member_id` is a member, and the one that its instance is.
    pub(super) fn check_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<(), ErrorCode> {
        if let Some(instance) = instance_id {
            let of_instance = self.members.of_instance(instance);
            if **of_instance.ok_or(ErrorCode::UnknownMemberId)? != *member_id {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        if self.members.contains(member_id) {
            Ok(())
        } else {
            Err(ErrorCode::UnknownMemberId)
        }
    }

    /// Whether a client of these terms could follow what all members can follow.
    pub(super) fn supports(&self, protocol_type: &str, terms: &Terms) -> bool {
        if self.is_empty() {
            return !protocol_type.is_empty() && !terms.protocols.is_empty();
        }
        let mut protocols = terms.protocols.iter();
        self.protocol_type() == Some(protocol_type)
            && protocols.any(|protocol| self.members.all_know(&protocol.name))
    }

    /// Members and those that may become some have all joined.
    pub(super) fn all_have_joined(&self) -> bool {
        self.members.joined() == self.members.len() && self.pending.is_empty()
    }

    /// What a member learns of its generation. The leader learns of all members.
    pub(super) fn joined(&self, member_id: &Arc<str>) -> JoinAnswer {
        let leader = self.members.leader().cloned();
        JoinAnswer {
            error: ErrorCode::None,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: leader.expect("a group with a member has a leader"),
            skip_assignment: false,
            member_id: member_id.clone(),
            members: if self.members.is_leader(member_id) {
                self.joined_members()
            } else {
                Vec::new()
            },
        }
    }

    fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.iter();
        members
            .map(|(id, member)| JoinedMember {
                member_id: id.clone(),
                instance_id: member.instance_id.clone(),
                metadata: member.terms.metadata(protocol),
            })
            .collect()
    }

    /// Parks a join. One that it takes the place of was given up by its client, and is not left without an answer.
    pub(super) fn park_join(&mut self, id: &Arc<str>, ticket: Ticket, step: &mut Step) {
        if let Some(former) = self.members.park_join(id, ticket) {
            let answer = JoinAnswer::error(id, ErrorCode::RebalanceInProgress);
            step.answers.push((former, Answer::Join(answer)));
        }
    }

    /// The same for a sync.
    pub(super) fn park_sync(&mut self, id: &str, ticket: Ticket, step: &mut Step) {
        if let Some(former) = self.members.park_sync(id, ticket) {
            let answer = SyncAnswer::error(ErrorCode::RebalanceInProgress);
            step.answers.push((former, Answer::Sync(answer)));
        }
    }

    /// Takes a member out, or one that was told an id. What it waited for is answered: if it is still there, it comes back as another.
    pub(super) fn remove(&mut self, id: &str, step: &mut Step) {
        self.sessions.end(id);
        self.pending.remove(id);
        if let Some(unsynced) = self.phase.unsynced_mut() {
            unsynced.members.remove(id);
        }
        let Some(member) = self.members.remove(id) else {
            return;
        };
        if let Some(ticket) = member.join {
            let answer = JoinAnswer::error(&Arc::default(), ErrorCode::UnknownMemberId);
            step.answers.push((ticket, Answer::Join(answer)));
        }
        if let Some(ticket) = member.sync {
            let answer = SyncAnswer::error(ErrorCode::UnknownMemberId);
            step.answers.push((ticket, Answer::Sync(answer)));
        }
    }

    /// The member has been heard of.
    pub(super) fn restart_session(&mut self, id: &str, now: Now) {
        if let Some(member) = self.members.get(id) {
            let timeout = member.terms.session_timeout();
            let id = self.members.id(id).expect("the member has an id");
            self.sessions.restart(id, now.monotonic, timeout);
        }
    }

    /// Answers what is parked with `error`, for this node does not coordinate the group any more.
    pub fn unload(&mut self, error: ErrorCode, step: &mut Step) {
        self.answer_syncs(error, step);
        let ids: Vec<Arc<str>> = self.members.ids().cloned().collect();
        for id in ids {
            if let Some(ticket) = self.members.take_join(&id) {
                let answer = JoinAnswer::error(&id, error);
                step.answers.push((ticket, Answer::Join(answer)));
            }
        }
    }

    /// Gives the parked syncs an error. Gives back whose they were.
    pub(super) fn answer_syncs(&mut self, error: ErrorCode, step: &mut Step) -> Vec<Arc<str>> {
        let syncs = self.members.take_syncs().into_iter();
        syncs
            .map(|(id, ticket)| {
                let answer = SyncAnswer::error(error);
                step.answers.push((ticket, Answer::Sync(answer)));
                id
            })
            .collect()
    }
}
