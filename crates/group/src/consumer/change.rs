//! A request changes a member, and with it its group: what the member says of itself, then the group's epoch, then its target, then what the
//! member has.

use std::sync::Arc;

use super::membership::Owned;
use super::reconcile::Reconciliation;
use super::records::Record;
use super::target::{self, subscribed_ids};
use super::{ConsumerGroup, Context, Epoch, GroupTimers, Member, Partitions, Rejection};

/// The steps take effect as `records`; until these are replayed, the group is what it was.
pub(super) struct Change<'a> {
    pub(super) group: &'a ConsumerGroup,
    pub(super) context: &'a Context<'a>,
    pub(super) timers: &'a mut GroupTimers,
    pub(super) records: Vec<Record>,
    /// As it was.
    pub(super) old: Member,
    pub(super) member: Member,
    /// Of the group, once the records are replayed.
    pub(super) epoch: Epoch,
}

impl<'a> Change<'a> {
    pub(super) fn new(
        group: &'a ConsumerGroup,
        context: &'a Context<'a>,
        timers: &'a mut GroupTimers,
        records: Vec<Record>,
        old: Member,
        member: Member,
    ) -> Self {
        Self {
            group,
            context,
            timers,
            records,
            old,
            member,
            epoch: group.epoch,
        }
    }

    /// Writes down what the member says of itself, if that is new. True if it names other topics.
    pub(super) fn describe(&mut self) -> bool {
        if self.member == self.old {
            return false;
        }
        self.records.push(self.group.member_record(&self.member));
        self.member.subscribed_topics != self.old.subscribed_topics
    }

    /// Begins a new epoch if that is asked for, or if the topics are to be looked at and are not what they were.
    pub(super) fn follow_topics(&mut self, bump: bool) {
        let now = self.context.now;
        // A classic group that had no generation yet was in the epoch of who is no member.
        let bump = bump || self.epoch == Epoch::JOIN;
        if !bump && !self.timers.metadata_is_due(self.group.epoch, now) {
            return;
        }
        let mut topics = self.group.subscribed_topics.clone();
        // A new topic may be one of the old: first add, then take away.
        for topic in self.member.subscribed_topics.iter() {
            topics.add(topic);
        }
        for topic in self.old.subscribed_topics.iter() {
            topics.remove(topic);
        }
        if let Some(regex) = self.dropped_regex()
            && let Some(resolved) = self.group.resolved_regex(regex)
        {
            for topic in &resolved.topics {
                topics.remove(topic);
            }
        }
        let names = topics.names().map(|name| &**name);
        let hash = self
            .timers
            .topic_hashes
            .group_hash(names, self.context.topics);
        if bump || hash != self.group.metadata_hash {
            self.epoch = self.group.epoch.next();
            let record = self.group.epoch_record(self.epoch, hash);
            self.records.push(record);
        }
        self.timers.metadata_was_seen(self.epoch, now);
        if self.group.has_partition_metadata {
            let tombstone = self.group.partition_metadata_tombstone();
            self.records.push(tombstone);
        }
    }

    /// The expression that the member no longer subscribes to, if it was the last one that did.
    pub(super) fn dropped_regex(&self) -> Option<&Arc<str>> {
        let old = self.old.regex()?;
        let dropped = self.member.regex() != Some(old) && self.group.regexes.count(old) == 1;
        dropped.then_some(old)
    }

    /// The target of the group's epoch; or the last one, if that is of this epoch or too young to be replaced.
    pub(super) fn target(&mut self) -> (Epoch, Arc<Partitions>) {
        let last = self.group.target_epoch;
        if last >= self.epoch || !target::may_replace(self.group, self.context) {
            return (last, self.last_target());
        }
        let target = target::compute(self);
        (self.epoch, target)
    }

    pub(super) fn last_target(&self) -> Arc<Partitions> {
        match &self.member.instance_id {
            None => self.group.target(&self.member.id),
            Some(instance_id) => self
                .group
                .static_members
                .get(instance_id)
                .map(|id| self.group.target(id))
                .unwrap_or_default(),
        }
    }

    pub(super) fn reconcile(
        &mut self,
        (target_epoch, target): (Epoch, Arc<Partitions>),
        subscription_changed: bool,
        owned: Option<&Owned>,
    ) -> Result<(), Rejection> {
        let member = self.member.clone();
        let reconciled = Reconciliation {
            group: self.group,
            target_epoch,
            target: &target,
            subscribed: &subscribed_ids(self.group, &member, self.context.topics),
            subscription_changed,
            owned,
        }
        .step(member)?;
        if reconciled != self.member {
            self.records.push(self.group.assignment_record(&reconciled));
            self.timers.follow(&reconciled, self.context.now);
            self.member = reconciled;
        }
        Ok(())
    }
}
