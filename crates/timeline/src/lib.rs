//! State that can be rolled back to an offset.
//!
//! A log is written before it is committed, and what is not committed may be taken back. Whoever keeps state by replaying a log must
//! answer from the newest one, show the committed one, and go back to any between. A [`Timeline`] holds them all, so its state should
//! be persistent: cheap to clone, its parts shared.

use std::collections::VecDeque;
use std::fmt::Debug;

/// The states that a log made which are not behind its commit, by offset. A state *at* an offset is made by everything below it.
#[derive(Clone, Debug)]
pub struct Timeline<O, T> {
    /// Everything below is committed.
    commit: O,
    /// The newest state at or below `commit`.
    committed: (O, T),
    /// The states above it, offsets rising.
    uncommitted: VecDeque<(O, T)>,
}

impl<O: Copy + Ord + Debug, T> Timeline<O, T> {
    /// Begins with a state that is committed.
    #[must_use]
    pub fn new(offset: O, state: T) -> Self {
        Self {
            commit: offset,
            committed: (offset, state),
            uncommitted: VecDeque::new(),
        }
    }

    /// The newest committed state.
    #[must_use]
    pub fn committed(&self) -> &T {
        &self.committed.1
    }

    /// The newest state, committed or not.
    #[must_use]
    pub fn newest(&self) -> &T {
        self.uncommitted
            .back()
            .map_or(&self.committed.1, |(_, state)| state)
    }

    /// The state at `offset`, to be changed in its place: the log has grown, and nobody will ask for what was between. `None` if that is not
    /// the newest one, or is committed.
    pub fn newest_mut(&mut self, offset: O) -> Option<&mut T> {
        let newest = self.uncommitted.back_mut();
        newest.and_then(|(at, state)| (*at == offset).then_some(state))
    }

    /// The newest state at or below `offset`; `None` below the committed one, which is the oldest that is kept.
    #[must_use]
    pub fn at(&self, offset: O) -> Option<&T> {
        let above = self.uncommitted.partition_point(|(at, _)| *at <= offset);
        match above.checked_sub(1) {
            Some(index) => Some(&self.uncommitted[index].1),
            None => (self.committed.0 <= offset).then_some(&self.committed.1),
        }
    }

    /// Takes up the state that the log makes up to `offset`.
    ///
    /// # Panics
    /// When a state at or above `offset` is here, or `offset` is committed already: a log grows at its end.
    pub fn push(&mut self, offset: O, state: T) {
        let end = self.uncommitted.back().map_or(self.commit, |(at, _)| *at);
        assert!(
            offset > end,
            "a state at {offset:?} cannot follow one at {end:?}"
        );
        self.uncommitted.push_back((offset, state));
    }

    /// Everything below `offset` is committed. Gives the committed state if that made it another.
    ///
    /// # Panics
    /// When more was committed before: what is committed stays so.
    pub fn commit(&mut self, offset: O) -> Option<&T> {
        assert!(
            offset >= self.commit,
            "a commit cannot go back from {:?} to {offset:?}",
            self.commit
        );
        self.commit = offset;
        let above = self.uncommitted.partition_point(|(at, _)| *at <= offset);
        self.committed = self.uncommitted.drain(..above).next_back()?;
        Some(&self.committed.1)
    }

    /// Forgets the states above `offset`: the log was cut there.
    ///
    /// # Panics
    /// When more than that is committed.
    pub fn roll_back(&mut self, offset: O) {
        assert!(
            offset >= self.commit,
            "what is committed, up to {:?}, cannot be rolled back to {offset:?}",
            self.commit
        );
        let above = self.uncommitted.partition_point(|(at, _)| *at <= offset);
        self.uncommitted.truncate(above);
    }
}
