use std::fmt;

macro_rules! epoch {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The protocol's -1: unknown, or not checked.
            pub const NONE: Self = Self(-1);

            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

epoch! {
    /// Counts the leaders of a partition, or of the quorum; every batch carries that of the leader that appended it (KIP-101).
    LeaderEpoch(i32)
}
epoch! {
    /// Counts the changes of a partition's registration; guards it optimistically.
    PartitionEpoch(i32)
}
epoch! {
    /// Names one incarnation of a broker: the offset of its registration record (KIP-631).
    BrokerEpoch(i64)
}
epoch! {
    /// Fences the earlier incarnations of a producer (KIP-98).
    ProducerEpoch(i16)
}
