//! A member of a classic group.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_coordinator::Ticket;

/// A way to assign that a member knows, and what it has to say about itself for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Protocol {
    pub(crate) name: Arc<str>,
    pub(crate) metadata: Bytes,
}

/// What a member says with each join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The one it likes best comes first. Each name is here once.
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Static members have one, `group.instance.id`.
    pub(crate) instance_id: Option<Arc<str>>,
    pub(crate) client_id: Arc<str>,
    pub(crate) client_host: Arc<str>,
    pub(crate) terms: Terms,
    /// Empty from the beginning of a rebalance on that interrupts another one, until the leader has assigned.
    pub(crate) assignment: Bytes,
    /// Its join that waits for the next generation.
    pub(super) join: Option<Ticket>,
    /// Its sync that waits for the leader's assignment.
    pub(super) sync: Option<Ticket>,
    /// It does not know yet that it is a member.
    pub(super) is_new: bool,
}

impl Terms {
    /// What it says about itself for `protocol`. Empty when it does not know it, which no member of a group that has chosen it is.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let known = self.protocols.iter().find(|known| &*known.name == protocol);
        known.map_or_else(Bytes::new, |known| known.metadata.clone())
    }

    /// Not zero, or a rebalance that nobody rejoins would be tried again and again at the same moment.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        milliseconds(self.rebalance_timeout_ms).max(Duration::from_millis(1))
    }

    pub(super) fn session_timeout(&self) -> Duration {
        milliseconds(self.session_timeout_ms)
    }
}

impl Member {
    /// Whoever waits for an answer is alive as long as it has none, but for new ones, which may have given up.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.join.is_some() || self.sync.is_some())
    }
}

/// Clients may send anything; less than nothing is nothing.
fn milliseconds(value: i32) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}
