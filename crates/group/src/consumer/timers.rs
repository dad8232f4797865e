//! Until when members may be silent. Not replicated: a coordinator that takes over gives everybody the session of the group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ottla_model::Monotonic;

use super::metadata_hash::TopicHashes;
use super::{ConsumerGroup, ConsumerSettings, Epoch, Member, MemberState};

/// What a member is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timeout {
    /// Any heartbeat.
    Session,
    /// Giving up partitions, which takes it out of this epoch.
    Rebalance(Epoch),
    /// A classic member's `JoinGroup`.
    Join,
    /// A classic member's `SyncGroup`.
    Sync,
}

impl Timeout {
    /// A member has one of each kind.
    const fn kind(self) -> u8 {
        match self {
            Self::Session => 0,
            Self::Rebalance(_) => 1,
            Self::Join => 2,
            Self::Sync => 3,
        }
    }
}

/// The soft state of one group.
#[derive(Clone, Debug, Default)]
pub struct GroupTimers {
    deadlines: BTreeMap<(Arc<str>, u8), (Monotonic, Timeout)>,
    in_order: BTreeSet<(Monotonic, Arc<str>, u8)>,
    /// When and in which epoch the topics were looked at; `None` if they are to be looked at again.
    metadata_seen: Option<(Monotonic, Epoch)>,
    pub(super) topic_hashes: TopicHashes,
    /// Expressions are to be resolved, for the member that asked first.
    pub(super) regexes_due: bool,
}

/// The topics of a group that was told of no change are looked at again after so long, which is never: Kafka's largest interval.
const METADATA_REFRESH_INTERVAL: Duration = Duration::from_millis(i32::MAX as u64);

impl GroupTimers {
    /// Those of a group that was just loaded.
    #[must_use]
    pub fn loaded(group: &ConsumerGroup, settings: &ConsumerSettings, now: Monotonic) -> Self {
        let mut this = Self::default();
        for member in group.members() {
            // As in Kafka: a classic one has the session that it asked for again with its next heartbeat.
            this.set(&member.id, Timeout::Session, now + settings.session_timeout);
            // Of a classic one nobody knows any more whether it was called to join.
            this.follow_revocation(member, now);
        }
        this
    }

    /// The first moment at which [`ConsumerGroup::expire`] has something to do; that of the past when it has now.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        if self.regexes_due {
            return Some(Monotonic::default());
        }
        self.in_order.first().map(|(at, ..)| *at)
    }

    /// The topics that the group subscribes to have changed: its next request looks at them.
    pub fn metadata_changed(&mut self) {
        self.metadata_seen = None;
    }

    pub(super) fn metadata_is_due(&self, epoch: Epoch, now: Monotonic) -> bool {
        // An epoch that went back was rolled back, and with it what came of that look.
        self.metadata_seen
            .is_none_or(|(at, seen)| epoch < seen || now >= at + METADATA_REFRESH_INTERVAL)
    }

    pub(super) fn metadata_was_seen(&mut self, epoch: Epoch, now: Monotonic) {
        self.metadata_seen = Some((now, epoch));
    }

    pub(super) fn set(&mut self, member_id: &Arc<str>, timeout: Timeout, at: Monotonic) {
        self.cancel(member_id, timeout);
        let key = (Arc::clone(member_id), timeout.kind());
        self.deadlines.insert(key, (at, timeout));
        self.in_order
            .insert((at, Arc::clone(member_id), timeout.kind()));
    }

    pub(super) fn set_if_absent(&mut self, member_id: &Arc<str>, timeout: Timeout, at: Monotonic) {
        if !self
            .deadlines
            .contains_key(&(Arc::clone(member_id), timeout.kind()))
        {
            self.set(member_id, timeout, at);
        }
    }

    /// Whichever epoch it was for.
    pub(super) fn cancel(&mut self, member_id: &Arc<str>, timeout: Timeout) {
        let key = (Arc::clone(member_id), timeout.kind());
        if let Some((at, _)) = self.deadlines.remove(&key) {
            let (member_id, kind) = key;
            self.in_order.remove(&(at, member_id, kind));
        }
    }

    pub(super) fn forget(&mut self, member_id: &Arc<str>) {
        for timeout in [
            Timeout::Session,
            Timeout::Rebalance(Epoch::NONE),
            Timeout::Join,
            Timeout::Sync,
        ] {
            self.cancel(member_id, timeout);
        }
    }

    /// Those of a group that was just upgraded, each of whose members has the session that it asked for.
    pub(crate) fn upgraded(&mut self, group: &ConsumerGroup, now: Monotonic) {
        for member in group.members() {
            if let Some(classic) = &member.classic {
                let session = milliseconds(classic.session_timeout_ms);
                self.set(&member.id, Timeout::Session, now + session);
            }
        }
    }

    /// A member that is to give partitions up has its rebalance timeout to do so. Classic members have to join instead.
    pub(super) fn follow(&mut self, member: &Member, now: Monotonic) {
        if !member.is_classic() {
            self.follow_revocation(member, now);
        }
    }

    fn follow_revocation(&mut self, member: &Member, now: Monotonic) {
        let timeout = Timeout::Rebalance(member.epoch);
        if member.state == MemberState::UnrevokedPartitions {
            self.set(&member.id, timeout, now + rebalance_timeout(member));
        } else {
            self.cancel(&member.id, timeout);
        }
    }

    /// Takes out what is due.
    pub(super) fn take_due(&mut self, now: Monotonic) -> Vec<(Arc<str>, Timeout)> {
        let mut due = Vec::new();
        while self.in_order.first().is_some_and(|(at, ..)| *at <= now) {
            let (_, member_id, kind) = self
                .in_order
                .pop_first()
                .expect("the loop found a first one");
            let (_, timeout) = self
                .deadlines
                .remove(&(Arc::clone(&member_id), kind))
                .expect("both indexes hold the same deadlines");
            due.push((member_id, timeout));
        }
        due
    }
}

/// One that the member never told is none.
pub(super) fn rebalance_timeout(member: &Member) -> Duration {
    milliseconds(member.rebalance_timeout_ms)
}

pub(super) fn milliseconds(value: i32) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}
