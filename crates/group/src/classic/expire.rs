//! What happens by itself when time passes.

use std::sync::Arc;

use ottla_coordinator::Now;

use super::Step;
use super::append::Write;
use super::group::ClassicGroup;
use super::phase::{Phase, Preparing};
use super::settings::ClassicSettings;

impl ClassicGroup {
    /// Does what is due, up to the first record. Whether there is more says [`Self::next_deadline`].
    #[must_use]
    pub fn expire(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        loop {
            let write = if self.phase_is_over(now) {
                self.end_phase(now, settings, step)
            } else if let Some(id) = self.sessions.pop_expired(now.monotonic) {
                self.expire_session(&id, now, settings, step)
            } else {
                return None;
            };
            if write.is_some() {
                return write;
            }
        }
    }

    fn phase_is_over(&self, now: Now) -> bool {
        let deadline = self.phase.deadline();
        deadline.is_some_and(|deadline| deadline <= now.monotonic)
    }

    fn end_phase(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        match &mut self.phase {
            Phase::Empty => unreachable!("nothing ends emptiness but a join"),
            Phase::Preparing(Preparing { initial, .. }) if initial.is_some() => {
                self.end_initial_delay(now, settings, step)
            }
            Phase::Preparing(_) => self.complete_join(now, step),
            Phase::Completing(_) | Phase::Stable(_) => self.expel_unsynced(now, settings, step),
        }
    }

    /// Members that joined and never asked for their part are gone.
    fn expel_unsynced(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let unsynced = self.phase.unsynced_mut();
        let unsynced = unsynced.expect("it is the wait for syncs that ends");
        for id in std::mem::take(&mut unsynced.members) {
            self.remove(&id, step);
        }
        self.prepare_rebalance(now, settings, step)
    }

    fn expire_session(
        &mut self,
        id: &Arc<str>,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let is_member = !self.pending.contains(id);
        if is_member {
            let member = self.members.get(id);
            if member.expect("sessions are of members").is_excused() {
                return None;
            }
        }
        self.remove(id, step);
        match self.phase {
            Phase::Empty => None,
            // Somebody has been waited for in vain: if that was all, even the initial delay is over.
            Phase::Preparing(_) => self.complete_if_all_joined(now, step),
            Phase::Completing(_) | Phase::Stable(_) => is_member
                .then(|| self.prepare_rebalance(now, settings, step))
                .flatten(),
        }
    }
}
