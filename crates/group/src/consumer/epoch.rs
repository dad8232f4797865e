//! The number of a change: of a group, of its target assignment, or of the one that a member has come to.

use std::fmt;

/// Groups, target assignments and members count with the same numbers: a member is where it should be when its epoch is that of the target,
/// and the target is up to date when its epoch is that of the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i32);

impl Epoch {
    /// Where a group begins, and the target of a group that has computed none. Neither is written down.
    pub const FIRST: Self = Self(1);
    /// A member that joins, or joins again with nothing in its hands.
    pub const JOIN: Self = Self(0);
    /// A member that leaves for good; a partition that nobody has; the target of a group that is being deleted.
    pub const NONE: Self = Self(-1);
    /// A static member that leaves and means to come back.
    pub const STATIC_LEAVE: Self = Self(-2);

    #[must_use]
    pub const fn next(self) -> Self {
        // None follows the last: no group lives that long, and a log that says so must not end the node.
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
