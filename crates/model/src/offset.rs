use std::fmt;
use std::ops::{Add, Sub};

/// The position of a record in its partition's log: 0, 1, 2, … Ranges of offsets are half open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

impl Offset {
    pub const ZERO: Self = Self(0);
    /// "No such offset" where the protocol writes -1.
    pub const UNKNOWN: Self = Self(-1);
    pub const MAX: Self = Self(i64::MAX);

    /// The offset behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Whether it is a real offset and not one of the protocol's negative signs.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 >= 0
    }
}

impl Add<i64> for Offset {
    type Output = Self;
    fn add(self, records: i64) -> Self {
        Self(self.0 + records)
    }
}

impl Sub<i64> for Offset {
    type Output = Self;
    fn sub(self, records: i64) -> Self {
        Self(self.0 - records)
    }
}

/// The number of offsets between two positions.
impl Sub for Offset {
    type Output = i64;
    fn sub(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
