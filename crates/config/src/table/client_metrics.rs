//! What clients are asked to tell (KIP-714).

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// Which metrics are asked of the clients: prefixes of names, or * for all.
    "metrics": List = "", cluster_wide, honoured;
    /// How often the clients push them.
    "interval.ms": Int = "300000", cluster_wide, honoured;
    /// Which clients are asked, each item as name=regular expression; nothing for all.
    "match": List = "", cluster_wide, honoured;
};
