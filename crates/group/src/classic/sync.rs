//! `SyncGroup`: the leader assigns, and each member learns its part.

use std::sync::Arc;

use bytes::Bytes;
use ottla_coordinator::{Now, Ticket};
use ottla_model::ErrorCode;
use rustc_hash::FxHashMap;

use super::Step;
use super::answer::{Answer, SyncAnswer};
use super::append::Write;
use super::group::ClassicGroup;
use super::phase::Phase;
use super::request::Sync;

/// What a leader assigns to the members of a generation. Who is not in here gets nothing.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) generation: i32,
    parts: FxHashMap<Arc<str>, Bytes>,
}

impl Assignment {
    fn part(&self, member_id: &str) -> Bytes {
        self.parts.get(member_id).cloned().unwrap_or_default()
    }
}

impl ClassicGroup {
    /// Answers at once, or parks the sync until the leader's assignment is committed.
    #[must_use]
    pub fn sync(&mut self, ticket: Ticket, sync: Sync, step: &mut Step) -> Option<Write> {
        if let Err(error) = self.check_sync(&sync) {
            let answer = SyncAnswer::error(error);
            step.answers.push((ticket, Answer::Sync(answer)));
            return None;
        }
        if let Some(unsynced) = self.phase.unsynced_mut() {
            unsynced.members.remove(&sync.member_id);
        }
        match &mut self.phase {
            Phase::Empty => unreachable!("a group with a member is not empty"),
            Phase::Preparing(_) => {
                let answer = SyncAnswer::error(ErrorCode::RebalanceInProgress);
                step.answers.push((ticket, Answer::Sync(answer)));
                None
            }
            Phase::Completing(completing) => {
                let assigns = self.members.is_leader(&sync.member_id) && !completing.is_assigning;
                completing.is_assigning |= assigns;
                self.park_sync(&sync.member_id, ticket, step);
                assigns.then(|| self.write_assignment(sync, step))
            }
            Phase::Stable(_) => {
                let answer = self.synced(&sync.member_id);
                step.answers.push((ticket, Answer::Sync(answer)));
                None
            }
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), ErrorCode> {
        self.check_member(&sync.member_id, sync.instance_id.as_deref())?;
        if sync.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let differs = |said: &Option<Arc<str>>, is: &Option<Arc<str>>| {
            said.is_some() && is.is_some() && said != is
        };
        if differs(&sync.protocol_type, &self.protocol_type)
            || differs(&sync.protocol, &self.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn write_assignment(&self, sync: Sync, step: &mut Step) -> Write {
        let assignment = Assignment {
            generation: sync.generation,
            parts: sync.assignments.into_iter().collect(),
        };
        step.records.push(self.record(|id, _| assignment.part(id)));
        Write::assignment(assignment)
    }

    /// The assignment is committed: the group is stable, and whoever waits learns its part.
    pub(super) fn assigned(&mut self, assignment: &Assignment, now: Now, step: &mut Step) {
        let Some(completing) = self.completing(assignment.generation) else {
            return;
        };
        let unsynced = completing.unsynced.clone();
        self.enter(Phase::Stable(unsynced), now);
        self.members.assign(|id| assignment.part(id));
        for (id, ticket) in self.members.take_syncs() {
            let answer = self.synced(&id);
            step.answers.push((ticket, Answer::Sync(answer)));
            self.restart_session(&id, now);
        }
    }

    fn synced(&self, member_id: &str) -> SyncAnswer {
        let member = self.members.get(member_id);
        SyncAnswer {
            error: ErrorCode::None,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.map_or_else(Bytes::new, |member| member.assignment.clone()),
        }
    }
}
