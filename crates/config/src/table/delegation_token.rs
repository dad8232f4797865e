//! Delegation tokens (KIP-48).

use super::{Key, keys};

pub(super) const KEYS: &[Key] = keys! {
    /// What delegation tokens are signed with, the same on all nodes; without it there are none.
    "delegation.token.secret.key": Password;
    /// For how long a delegation token can be renewed.
    "delegation.token.max.lifetime.ms": Long = "604800000", at_least(1);
    /// For how long a delegation token is valid without being renewed.
    "delegation.token.expiry.time.ms": Long = "86400000", at_least(1);
    /// How often delegation tokens are looked through for ones to remove.
    "delegation.token.expiry.check.interval.ms": Long = "3600000", at_least(1);
};
