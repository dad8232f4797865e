/// A life of the process, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Life(usize);

/// All lives so far, and how they ended.
#[derive(Default)]
pub(super) struct Lives {
    lives: Vec<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// It was asked to stop.
    is_leaving: bool,
    /// All logs were closed: nothing acknowledged before can be lost.
    was_stopped: bool,
    /// What was not synced may be lost.
    ended_in_power_cut: bool,
    /// Its disk failed on purpose.
    is_sick: bool,
    /// Its disk was nearly full.
    was_full: bool,
}

impl Lives {
    pub(super) fn begin(&mut self) -> Life {
        self.lives.push(State::default());
        self.present()
    }

    pub(super) fn present(&self) -> Life {
        Life(self.lives.len().saturating_sub(1))
    }

    pub(super) fn leave(&mut self) {
        self.last().is_leaving = true;
    }

    /// Whether the broker may have given up what it leads: it was asked to, or its directories failed.
    pub(super) fn may_lead_nothing(&self, life: Life) -> bool {
        let state = self.lives[life.0];
        state.is_leaving || state.is_sick
    }

    /// False where the disk failed: then nobody knows what was closed.
    pub(super) fn stop(&mut self) -> bool {
        let state = self.last();
        state.was_stopped = !state.is_sick;
        state.was_stopped
    }

    pub(super) fn cut_power(&mut self) {
        self.last().ended_in_power_cut = true;
    }

    pub(super) fn sicken(&mut self) {
        self.last().is_sick = true;
    }

    pub(super) fn fill_up(&mut self) {
        self.last().was_full = true;
    }

    pub(super) fn may_refuse_records(&self, life: Life) -> bool {
        let state = self.lives[life.0];
        state.is_sick || state.was_full
    }

    pub(super) fn is_sick(&self, life: Life) -> bool {
        self.lives[life.0].is_sick
    }

    pub(super) fn was_stopped(&self, life: Life) -> bool {
        self.lives[life.0].was_stopped
    }

    /// Whether what was only written in `then` may be gone in `now`.
    pub(super) fn lose_between(&self, then: Life, now: Life) -> bool {
        self.between(then, now)
            .iter()
            .any(|life| life.ended_in_power_cut && !life.was_stopped)
    }

    /// Whether every life from `then` to before `now` was closed in order.
    pub(super) fn were_stopped_between(&self, then: Life, now: Life) -> bool {
        self.between(then, now).iter().all(|life| life.was_stopped)
    }

    fn between(&self, then: Life, now: Life) -> &[State] {
        &self.lives[then.0..now.0.max(then.0)]
    }

    fn last(&mut self) -> &mut State {
        self.lives.last_mut().expect("the first life has begun")
    }
}
