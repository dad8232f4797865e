//! A member of a consumer group.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_wire::coordinator_record::group::consumer_group_member_metadata::ClassicMemberMetadata;

use super::{Assignment, Epoch};

/// How far a member is on its way to its target. The numbers are those of its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It has what the target of its epoch gives it.
    #[default]
    Stable,
    /// It was told to give partitions up, and has not said that it did.
    UnrevokedPartitions,
    /// It has given up what it had to, and waits for partitions that others still have.
    UnreleasedPartitions,
    /// Written by a release that knows more states.
    Unknown,
}

impl MemberState {
    pub(super) const fn code(self) -> i8 {
        match self {
            Self::Stable => 0,
            Self::UnrevokedPartitions => 1,
            Self::UnreleasedPartitions => 2,
            Self::Unknown => 127,
        }
    }

    pub(super) const fn from_code(code: i8) -> Self {
        match code {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            _ => Self::Unknown,
        }
    }
}

/// Of two records: what the member told of itself, and what it has. Its parts are shared between versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
    pub rack_id: Option<Arc<str>>,
    pub client_id: Arc<str>,
    pub client_host: Arc<str>,
    /// Milliseconds; -1 if it never told.
    pub rebalance_timeout_ms: i32,
    pub subscribed_topics: Arc<BTreeSet<Arc<str>>>,
    /// Empty if it subscribes to none, and `None` only if a record has it so: a change from one to the other is written down.
    pub subscribed_regex: Option<Arc<str>>,
    pub server_assignor: Option<Arc<str>>,
    /// Of a member that still speaks the classic protocol.
    pub classic: Option<Arc<ClassicMemberMetadata<'static>>>,

    pub epoch: Epoch,
    /// The one before, with which it may come again when an answer was lost.
    pub previous_epoch: Epoch,
    pub state: MemberState,
    pub assigned: Arc<Assignment>,
    /// What it still has and was told to give up. Nobody else gets it meanwhile.
    pub pending_revocation: Arc<Assignment>,
}

impl Member {
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            instance_id: None,
            rack_id: None,
            client_id: "".into(),
            client_host: "".into(),
            rebalance_timeout_ms: -1,
            subscribed_topics: Arc::default(),
            subscribed_regex: Some("".into()),
            server_assignor: None,
            classic: None,
            epoch: Epoch::JOIN,
            previous_epoch: Epoch::NONE,
            state: MemberState::Stable,
            assigned: Arc::default(),
            pending_revocation: Arc::default(),
        }
    }

    /// The regular expression that it subscribes to, if any.
    #[must_use]
    pub fn regex(&self) -> Option<&Arc<str>> {
        self.subscribed_regex
            .as_ref()
            .filter(|regex| !regex.is_empty())
    }

    #[must_use]
    pub fn is_classic(&self) -> bool {
        self.classic.is_some()
    }

    /// It has all that the target of `target` gives it, and nothing else.
    #[must_use]
    pub fn is_reconciled_to(&self, target: Epoch) -> bool {
        self.state == MemberState::Stable && self.epoch == target
    }
}
