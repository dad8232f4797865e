//! Where a group stands, with what each state needs to know.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ottla_model::Monotonic;

/// The states as others see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Has no members; may have offsets, and clients that were told an id.
    Empty,
    /// Waits for its members to join.
    PreparingRebalance,
    /// Has a generation, and waits for what its leader assigns.
    CompletingRebalance,
    Stable,
    /// Is not there.
    Dead,
}

impl State {
    /// As Kafka's tools show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Empty,
    Preparing(Preparing),
    Completing(Completing),
    /// Members may be late with their first sync in here, too.
    Stable(Unsynced),
}

/// Members come, until all are here or time is up.
#[derive(Clone, Debug)]
pub(super) struct Preparing {
    pub(super) deadline: Monotonic,
    /// The group was empty before, and nobody knows how many are to come.
    pub(super) initial: Option<InitialDelay>,
}

/// The wait for the members of a group that was empty. It is extended while more come.
#[derive(Clone, Debug)]
pub(super) struct InitialDelay {
    /// What is waited now.
    pub(super) delay: Duration,
    /// By how much it may still be extended.
    pub(super) remaining: Duration,
    /// Somebody has come since this wait began.
    pub(super) has_grown: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Completing {
    pub(super) unsynced: Unsynced,
    /// The leader's assignment is on its way to the log. A leader that asks again has it written once.
    pub(super) is_assigning: bool,
}

/// Members that know their generation and have not asked for their part yet.
#[derive(Clone, Debug)]
pub(super) struct Unsynced {
    pub(super) members: BTreeSet<Arc<str>>,
    /// Whoever has not asked by then is expelled.
    deadline: Monotonic,
}

impl Unsynced {
    pub(super) fn new(members: BTreeSet<Arc<str>>, deadline: Monotonic) -> Self {
        Self { members, deadline }
    }

    /// All have asked.
    pub(super) fn none() -> Self {
        Self::new(BTreeSet::new(), Monotonic::default())
    }

    /// `None` when all have asked.
    pub(super) fn deadline(&self) -> Option<Monotonic> {
        (!self.members.is_empty()).then_some(self.deadline)
    }
}

impl Phase {
    pub(super) fn state(&self) -> State {
        match self {
            Self::Empty => State::Empty,
            Self::Preparing(_) => State::PreparingRebalance,
            Self::Completing(_) => State::CompletingRebalance,
            Self::Stable(_) => State::Stable,
        }
    }

    /// Who of this generation has not synced yet.
    pub(super) fn unsynced_mut(&mut self) -> Option<&mut Unsynced> {
        match self {
            Self::Empty | Self::Preparing(_) => None,
            Self::Completing(Completing { unsynced, .. }) | Self::Stable(unsynced) => {
                Some(unsynced)
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Monotonic> {
        match self {
            Self::Empty => None,
            Self::Preparing(preparing) => Some(preparing.deadline),
            Self::Completing(Completing { unsynced, .. }) | Self::Stable(unsynced) => {
                unsynced.deadline()
            }
        }
    }
}
