//! A static member comes back: its instance joins without an id, and takes the place that it had under another one.

use std::sync::Arc;

use ottla_coordinator::{Now, Ticket};
use ottla_model::ErrorCode;

use super::Step;
use super::answer::{Answer, JoinAnswer, SyncAnswer};
use super::append::Write;
use super::group::ClassicGroup;
use super::member::Terms;
use super::phase::Phase;
use super::request::Join;
use super::settings::ClassicSettings;

/// A static member of a stable group that came back under another id, which is being written down.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    generation: i32,
    former_id: Arc<str>,
    former_terms: Terms,
    /// Who led before.
    former_leader: Arc<str>,
    id: Arc<str>,
    can_skip_assignment: bool,
}

impl ClassicGroup {
    /// `id` is nobody's yet; the instance of the join is the member `former_id`, and whoever still uses that is fenced.
    pub(super) fn replace_static_member(
        &mut self,
        former_id: &Arc<str>,
        id: Arc<str>,
        ticket: Ticket,
        join: Join,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let former_leader = self.members.leader().cloned();
        self.rename(former_id, &id, step);
        self.restart_session(&id, now);
        let former_terms = self.members.set_terms(&id, join.terms);
        self.park_join(&id, ticket, step);
        let can_stay =
            matches!(self.phase, Phase::Stable(_)) && self.members.vote() == self.protocol;
        if !can_stay {
            // A leader that is about to assign may know the member under its former id.
            return self.rebalance_or_complete(now, settings, step);
        }
        step.records.push(self.assigned_record());
        Some(Write::static_member(Replacement {
            generation: self.generation,
            former_id: former_id.clone(),
            former_terms,
            former_leader: former_leader.expect("a group with a member has a leader"),
            id,
            can_skip_assignment: join.can_skip_assignment,
        }))
    }

    /// Everything of `former` but its session, and what it waits for, which is answered with FENCED_INSTANCE_ID.
    fn rename(&mut self, former: &Arc<str>, id: &Arc<str>, step: &mut Step) {
        let (join, sync) = self.members.rename(former, id);
        let fenced = ErrorCode::FencedInstanceId;
        if let Some(ticket) = join {
            let answer = JoinAnswer::without_protocol(former, fenced);
            step.answers.push((ticket, Answer::Join(answer)));
        }
        if let Some(ticket) = sync {
            let answer = SyncAnswer::error(fenced);
            step.answers.push((ticket, Answer::Sync(answer)));
        }
        self.sessions.end(former);
        if let Some(unsynced) = self.phase.unsynced_mut()
            && unsynced.members.remove(former)
        {
            unsynced.members.insert(id.clone());
        }
    }

    /// The new id is written down: the member goes on where it was.
    pub(super) fn replaced(&mut self, replacement: &Replacement, step: &mut Step) {
        if !self.is_as_replaced(replacement) {
            return;
        }
        let id = &replacement.id;
        let Some(ticket) = self.members.take_join(id) else {
            return;
        };
        let mut answer = self.joined(id);
        if replacement.can_skip_assignment {
            answer.skip_assignment = self.members.is_leader(id);
        } else {
            // A client that cannot be told to lead without assigning must not know that it leads: a stable group would pass its
            // assignment over.
            answer.leader = replacement.former_leader.clone();
            answer.members = Vec::new();
        }
        step.answers.push((ticket, Answer::Join(answer)));
    }

    /// The new id could not be written down: the member has its former one again, and the client that has come is told to try again.
    pub(super) fn revert_replacement(
        &mut self,
        replacement: Replacement,
        error: ErrorCode,
        now: Now,
        step: &mut Step,
    ) {
        if !self.is_as_replaced(&replacement) {
            return;
        }
        if let Some(ticket) = self.members.take_join(&replacement.id) {
            let answer = JoinAnswer {
                generation: self.generation,
                protocol_type: self.protocol_type.clone(),
                protocol: self.protocol.clone(),
                leader: replacement.former_leader,
                ..JoinAnswer::error(&Arc::default(), error)
            };
            step.answers.push((ticket, Answer::Join(answer)));
        }
        let former_id = replacement.former_id;
        self.rename(&replacement.id, &former_id, step);
        self.members.set_terms(&former_id, replacement.former_terms);
        self.restart_session(&former_id, now);
    }

    /// Whether what the record says still holds. Otherwise the member is part of what has come since, under its new id: it waits for
    /// the next generation, has been replaced itself, or has left.
    fn is_as_replaced(&self, replacement: &Replacement) -> bool {
        matches!(self.phase, Phase::Stable(_))
            && self.generation == replacement.generation
            && self.members.contains(&replacement.id)
    }
}
