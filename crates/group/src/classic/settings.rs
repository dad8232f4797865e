//! What the broker's configuration says of classic groups.

use std::time::Duration;

/// How long a new member may wait for the end of its first rebalance. It cannot send heartbeats before, for it does not know its id,
/// and a client that gave up comes back under another one: without a bound the group would fill with those that are gone.
pub(super) const NEW_MEMBER_JOIN_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Of all classic groups of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicSettings {
    /// `group.min.session.timeout.ms`.
    pub min_session_timeout: Duration,
    /// `group.max.session.timeout.ms`.
    pub max_session_timeout: Duration,
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members after the first, and after each that comes
    /// meanwhile, up to the rebalance timeout.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`, in members.
    pub max_size: usize,
}

impl ClassicSettings {
    /// A member that wants another one is refused with INVALID_SESSION_TIMEOUT.
    #[must_use]
    pub fn allow_session_timeout(&self, milliseconds: i32) -> bool {
        u64::try_from(milliseconds).is_ok_and(|milliseconds| {
            (self.min_session_timeout..=self.max_session_timeout)
                .contains(&Duration::from_millis(milliseconds))
        })
    }
}
