use super::{Key, Kind::*, Update::*};

pub(super) const KEYS: &[Key] = &[
    Key::broker(
        "delegation.token.secret.key",
        Password,
        None,
        ReadOnly,
        "Shared secret, same on all.",
    ),
    Key::broker(
        "delegation.token.max.lifetime.ms",
        Long,
        Some("604800000"),
        ReadOnly,
        "Renew limit.",
    ),
    Key::broker(
        "delegation.token.expiry.time.ms",
        Long,
        Some("86400000"),
        ReadOnly,
        "Default expiry.",
    ),
];
