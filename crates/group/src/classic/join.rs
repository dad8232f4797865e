//! `JoinGroup`: a client becomes a member, or a member wants to be in the next generation.

use std::sync::Arc;

use bytes::Bytes;
use ottla_coordinator::{Now, Ticket};
use ottla_model::ErrorCode;

use super::Step;
use super::answer::{Answer, JoinAnswer};
use super::append::Write;
use super::group::ClassicGroup;
use super::member::Member;
use super::phase::{InitialDelay, Phase, Preparing};
use super::request::Join;
use super::settings::{ClassicSettings, NEW_MEMBER_JOIN_TIMEOUT};

impl ClassicGroup {
    /// Makes the group that a client without an id wants to join, and has it join. Its record is that of an empty group: the members
    /// follow with the first assignment.
    pub fn create(
        id: Arc<str>,
        ticket: Ticket,
        join: Join,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> (Self, Write) {
        let mut group = Self::new(id, now);
        let record = group.creation_record();
        let write = group.join(ticket, join, now, settings, step);
        assert!(
            write.is_none(),
            "the first join of a group begins its initial delay, which nothing but a deadline ends"
        );
        step.records.push(record);
        (group, Write::creation())
    }

    /// Answers at once, or parks the join until the next generation begins. Its session timeout must be allowed by `settings`.
    #[must_use]
    pub fn join(
        &mut self,
        ticket: Ticket,
        join: Join,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let refusal = |member_id, error| {
            let answer = JoinAnswer::error(member_id, error);
            (ticket, Answer::Join(answer))
        };
        if !self.has_room_for(&join.member_id, settings) {
            let error = ErrorCode::GroupMaxSizeReached;
            step.answers.push(refusal(&Arc::default(), error));
            self.remove(&join.member_id, step);
            return self.complete_unless_initial(now, step);
        }
        if !self.supports(&join.protocol_type, &join.terms) {
            let error = ErrorCode::InconsistentGroupProtocol;
            step.answers.push(refusal(&join.member_id, error));
            return None;
        }
        if join.member_id.is_empty() {
            return self.join_new(ticket, join, now, settings, step);
        }
        if self.pending.contains(&join.member_id) {
            if join.instance_id.is_some() {
                // Only clients without an instance are told an id before they join.
                let error = ErrorCode::UnknownServerError;
                step.answers.push(refusal(&Arc::default(), error));
                return None;
            }
            let id = join.member_id.clone();
            return self.add_member(id, ticket, join, now, settings, step);
        }
        if let Err(error) = self.check_member(&join.member_id, join.instance_id.as_deref()) {
            let answer = JoinAnswer::without_protocol(&join.member_id, error);
            step.answers.push((ticket, Answer::Join(answer)));
            return None;
        }
        self.rejoin(ticket, join, now, settings, step)
    }

    /// While members come back, the first of them keep their places, so that a group which has become too large shrinks.
    fn has_room_for(&self, member_id: &str, settings: &ClassicSettings) -> bool {
        match self.phase {
            Phase::Empty => true,
            Phase::Preparing(_) => {
                let member = self.members.get(member_id);
                member.is_some_and(|member| member.join.is_some())
                    || self.members.joined() < settings.max_size
            }
            Phase::Completing(_) | Phase::Stable(_) => {
                self.members.contains(member_id) || self.members.len() < settings.max_size
            }
        }
    }

    fn join_new(
        &mut self,
        ticket: Ticket,
        join: Join,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let id = join.new_member_id();
        if let Some(instance) = &join.instance_id {
            return match self.members.of_instance(instance).cloned() {
                Some(former) => {
                    self.replace_static_member(&former, id, ticket, join, now, settings, step)
                }
                None => self.add_member(id, ticket, join, now, settings, step),
            };
        }
        if !join.must_know_id {
            return self.add_member(id, ticket, join, now, settings, step);
        }
        let timeout = join.terms.session_timeout();
        self.sessions.restart(&id, now.monotonic, timeout);
        let answer = JoinAnswer::error(&id, ErrorCode::MemberIdRequired);
        self.pending.insert(id);
        step.answers.push((ticket, Answer::Join(answer)));
        None
    }

    fn add_member(
        &mut self,
        id: Arc<str>,
        ticket: Ticket,
        join: Join,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        if let Phase::Preparing(Preparing {
            initial: Some(InitialDelay { has_grown, .. }),
            ..
        }) = &mut self.phase
        {
            *has_grown = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type);
        }
        let member = Member {
            instance_id: join.instance_id,
            client_id: join.client_id,
            client_host: join.client_host,
            terms: join.terms,
            assignment: Bytes::new(),
            join: None,
            sync: None,
            is_new: true,
        };
        self.pending.remove(&id);
        self.members.add(id.clone(), member);
        self.park_join(&id, ticket, step);
        self.sessions
            .restart(&id, now.monotonic, NEW_MEMBER_JOIN_TIMEOUT);
        self.rebalance_or_complete(now, settings, step)
    }

    /// A member joins again: for the next generation, or because it has missed the answer of this one.
    fn rejoin(
        &mut self,
        ticket: Ticket,
        join: Join,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let id = join.member_id;
        let member = self.members.get(&id).expect("it was found to be a member");
        let is_unchanged = member.terms.protocols == join.terms.protocols;
        let knows_all = match self.phase {
            Phase::Empty => unreachable!("a group with a member is not empty"),
            Phase::Preparing(_) => false,
            Phase::Completing(_) => is_unchanged,
            // What the leader assigns may depend on more than what members say, such as partitions that were added: when it comes
            // back, that has changed.
            Phase::Stable(_) => is_unchanged && !self.members.is_leader(&id),
        };
        if knows_all {
            let answer = self.joined(&id);
            step.answers.push((ticket, Answer::Join(answer)));
            return None;
        }
        self.members.set_terms(&id, join.terms);
        self.park_join(&id, ticket, step);
        self.rebalance_or_complete(now, settings, step)
    }
}
