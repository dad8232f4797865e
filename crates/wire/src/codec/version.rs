use std::ops::RangeInclusive;

/// A version of one message, with what follows from it for every value inside: whether lengths are compact
/// and structs end with tagged fields (KIP-482).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub number: i16,
    pub flexible: bool,
}

impl Version {
    #[must_use]
    pub const fn new(number: i16, flexible_from: i16) -> Self {
        Self {
            number,
            flexible: number >= flexible_from,
        }
    }

    /// The same for a value whose length is never compact.
    #[must_use]
    pub const fn classic(self) -> Self {
        Self {
            flexible: false,
            ..self
        }
    }

    #[must_use]
    pub const fn is_in(self, range: RangeInclusive<i16>) -> bool {
        *range.start() <= self.number && self.number <= *range.end()
    }
}
