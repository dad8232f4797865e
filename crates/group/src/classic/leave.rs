//! `LeaveGroup`: members go, by their own will or an administrator's.

use std::sync::Arc;

use ottla_coordinator::{Now, Ticket};
use ottla_model::ErrorCode;

use super::Step;
use super::answer::{Answer, LeaveAnswer, Left};
use super::append::Write;
use super::group::ClassicGroup;
use super::phase::Phase;
use super::request::{Leave, Leaving};
use super::settings::ClassicSettings;

impl ClassicGroup {
    /// Answers for each member apart. Where the group is left empty, the answer goes with the record of that.
    #[must_use]
    pub fn leave(
        &mut self,
        ticket: Ticket,
        leave: Leave,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let mut left = Vec::with_capacity(leave.members.len());
        for leaving in leave.members {
            let error = match self.find_leaving(&leaving) {
                Ok(id) => {
                    self.remove(&id, step);
                    ErrorCode::None
                }
                Err(error) => error,
            };
            left.push(Left::of(leaving, error));
        }
        let has_changed = left.iter().any(|left| left.error == ErrorCode::None);
        let answer = LeaveAnswer { members: left };
        step.answers.push((ticket, Answer::Leave(answer)));
        // Who was told an id leaves an empty group empty.
        let is_moved = has_changed && !matches!(self.phase, Phase::Empty);
        is_moved
            .then(|| self.rebalance_or_complete(now, settings, step))
            .flatten()
    }

    fn find_leaving(&self, leaving: &Leaving) -> Result<Arc<str>, ErrorCode> {
        let instance_id = leaving.instance_id.as_deref();
        if leaving.member_id.is_empty() {
            let of_instance = instance_id.and_then(|instance| self.members.of_instance(instance));
            return of_instance.cloned().ok_or(ErrorCode::UnknownMemberId);
        }
        if !self.pending.contains(&leaving.member_id) {
            self.check_member(&leaving.member_id, instance_id)?;
        }
        Ok(leaving.member_id.clone())
    }
}
