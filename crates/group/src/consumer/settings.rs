//! What is configured for consumer groups.

use std::time::Duration;

use super::assignor::Assignor;

/// Of one group: the broker's configuration, with what the group's own says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSettings {
    /// `group.consumer.session.timeout.ms`, of a group `consumer.session.timeout.ms`.
    pub session_timeout: Duration,
    /// `group.consumer.heartbeat.interval.ms`, of a group `consumer.heartbeat.interval.ms`: what members are told to keep to.
    pub heartbeat_interval: Duration,
    /// `group.consumer.assignment.interval.ms`, of a group `consumer.assignment.interval.ms`: no new target sooner after the last one.
    pub assignment_interval: Duration,
    /// `group.consumer.max.size`: members.
    pub max_size: usize,
    /// `group.consumer.regex.refresh.interval.ms`.
    pub regex_refresh_interval: Duration,
    /// `group.consumer.assignors`, the first of which serves groups whose members name none. Not empty.
    pub assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`.
    pub migration: MigrationPolicy,
    /// `group.max.size`: members of the classic group that this one may become.
    pub classic_max_size: usize,
}

impl ConsumerSettings {
    pub(super) fn default_assignor(&self) -> Assignor {
        *self
            .assignors
            .first()
            .expect("the configuration demands an assignor")
    }
}

/// Whether a group may change between the classic protocol and this one while it has members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationPolicy {
    Disabled,
    Upgrade,
    Downgrade,
    Bidirectional,
}

impl MigrationPolicy {
    #[must_use]
    pub const fn may_upgrade(self) -> bool {
        matches!(self, Self::Upgrade | Self::Bidirectional)
    }

    #[must_use]
    pub const fn may_downgrade(self) -> bool {
        matches!(self, Self::Downgrade | Self::Bidirectional)
    }
}
