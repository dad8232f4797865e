//! From one generation to the next: members are called together, and the generation begins when they are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_coordinator::Now;
use ottla_model::ErrorCode;

use super::Step;
use super::answer::Answer;
use super::append::Write;
use super::group::ClassicGroup;
use super::phase::{Completing, InitialDelay, Phase, Preparing, Unsynced};
use super::settings::ClassicSettings;

impl ClassicGroup {
    /// Something has changed that the next generation is to know: begins to wait for it, or has waited enough.
    pub(super) fn rebalance_or_complete(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        match self.phase {
            Phase::Preparing(_) => self.complete_unless_initial(now, step),
            Phase::Empty | Phase::Completing(_) | Phase::Stable(_) => {
                self.prepare_rebalance(now, settings, step)
            }
        }
    }

    /// Calls the members together.
    ///
    /// # Panics
    /// When they are called already.
    pub(super) fn prepare_rebalance(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let timeout = self.members.rebalance_timeout();
        let (wait, initial) = match self.phase {
            Phase::Preparing(_) => unreachable!("members are called together once"),
            Phase::Empty => {
                let delay = settings.initial_rebalance_delay;
                let initial = InitialDelay {
                    delay,
                    remaining: timeout.saturating_sub(delay),
                    has_grown: false,
                };
                (delay, Some(initial))
            }
            Phase::Completing(_) => {
                self.take_back_assignment(ErrorCode::RebalanceInProgress, now, step);
                (timeout, None)
            }
            Phase::Stable(_) => (timeout, None),
        };
        let is_initial = initial.is_some();
        let preparing = Preparing {
            deadline: now.monotonic + wait,
            initial,
        };
        self.enter(Phase::Preparing(preparing), now);
        if is_initial {
            return None;
        }
        self.complete_if_all_joined(now, step)
    }

    /// This generation is not going to be assigned anything.
    pub(super) fn take_back_assignment(&mut self, error: ErrorCode, now: Now, step: &mut Step) {
        self.members.assign(|_| Bytes::new());
        for id in self.answer_syncs(error, step) {
            self.restart_session(&id, now);
        }
    }

    /// The same as [`Self::complete_if_all_joined`], but more may come within the initial delay.
    pub(super) fn complete_unless_initial(&mut self, now: Now, step: &mut Step) -> Option<Write> {
        match &self.phase {
            Phase::Preparing(Preparing { initial, .. }) if initial.is_some() => None,
            _ => self.complete_if_all_joined(now, step),
        }
    }

    /// Begins the next generation if it is prepared and nobody is missing.
    pub(super) fn complete_if_all_joined(&mut self, now: Now, step: &mut Step) -> Option<Write> {
        let is_prepared = matches!(self.phase, Phase::Preparing(_)) && self.all_have_joined();
        is_prepared.then(|| self.complete_join(now, step)).flatten()
    }

    /// The wait for the first members of the group is over, or goes on because there are more of them.
    pub(super) fn end_initial_delay(
        &mut self,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let Phase::Preparing(preparing) = &mut self.phase else {
            unreachable!("the initial delay is part of a rebalance");
        };
        let initial = preparing.initial.as_mut();
        let initial = initial.expect("it is the initial delay that ends");
        if !initial.has_grown || initial.remaining == Duration::ZERO {
            return self.complete_join(now, step);
        }
        let delay = settings.initial_rebalance_delay.min(initial.remaining);
        *initial = InitialDelay {
            delay,
            remaining: initial.remaining.saturating_sub(initial.delay),
            has_grown: false,
        };
        preparing.deadline = now.monotonic + delay;
        None
    }

    /// Begins the next generation with those who are here. Whoever is not is no member any more, but for static members, who may be
    /// restarting: their sessions tell.
    pub(super) fn complete_join(&mut self, now: Now, step: &mut Step) -> Option<Write> {
        let missing: Vec<Arc<str>> = self
            .members
            .iter()
            .filter(|(_, member)| member.join.is_none() && member.instance_id.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        for id in missing {
            self.remove(&id, step);
        }
        let timeout = self.members.rebalance_timeout();
        if !self.members.elect_joined_leader() && !self.members.is_empty() {
            // Nobody could lead. Somebody comes back, or the sessions of all end.
            let preparing = Preparing {
                deadline: now.monotonic + timeout,
                initial: None,
            };
            self.phase = Phase::Preparing(preparing);
            return None;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(0);
        self.protocol = self.members.vote();
        self.subscriptions = self.read_subscriptions();
        if self.members.is_empty() {
            self.enter(Phase::Empty, now);
            step.records.push(self.record(|_, _| Bytes::new()));
            return Some(Write::emptied());
        }
        let unsynced = Unsynced::new(
            self.members.ids().cloned().collect(),
            now.monotonic + timeout,
        );
        let completing = Completing {
            unsynced,
            is_assigning: false,
        };
        self.enter(Phase::Completing(completing), now);
        self.members.all_told();
        let ids: Vec<Arc<str>> = self.members.ids().cloned().collect();
        for id in ids {
            if let Some(ticket) = self.members.take_join(&id) {
                let answer = self.joined(&id);
                step.answers.push((ticket, Answer::Join(answer)));
            }
            self.restart_session(&id, now);
        }
        None
    }
}
