use std::fmt;

use crate::Uuid;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The protocol's -1: not set, or none.
            pub const NONE: Self = Self(-1);
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// `node.id` of a broker or controller; also a replica's and a voter's id.
    NodeId(i32)
}
number! {
    /// The number of a partition within its topic, from 0.
    PartitionIndex(i32)
}
number! {
    /// Handed out by the controller in blocks (KIP-98, KIP-730).
    ProducerId(i64)
}
number! {
    /// The number of a record among those of one producer in one partition; wraps from `i32::MAX` to 0.
    Sequence(i32)
}

impl Sequence {
    /// The sequence `records` later. `records` is at least 0.
    #[must_use]
    pub const fn plus(self, records: i32) -> Self {
        assert!(self.0 >= 0 && records >= 0);
        if self.0 > i32::MAX - records {
            Self(records - (i32::MAX - self.0) - 1)
        } else {
            Self(self.0 + records)
        }
    }
}

/// Names one incarnation of a topic (KIP-516): a topic created again under its old name gets another id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub Uuid);

impl TopicId {
    /// "Not given" on the wire.
    pub const NONE: Self = Self(Uuid::ZERO);
    /// The id of `__cluster_metadata`.
    pub const METADATA: Self = Self(Uuid::from_u128(1));
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_wraps_to_zero() {
        assert_eq!(Sequence(5).plus(3), Sequence(8));
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(4), Sequence(2));
    }
}
