//! A consumer group: what its records say, and what follows from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;
use ottla_model::{PartitionIndex, Timestamp, TopicId};

use super::ownership::Ownership;
use super::tally::Tally;
use super::{Epoch, Member, Partitions};

/// Told to clients by these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    Empty,
    /// A new target is due.
    Assigning,
    /// Not all members are where the target wants them.
    Reconciling,
    Stable,
}

impl GroupState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

/// The topics that a regular expression was found to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedRegex {
    pub topics: BTreeSet<Arc<str>>,
    /// Of the metadata image that was searched.
    pub version: i64,
    pub timestamp: Timestamp,
}

/// Changes only by [`replay`](Self::replay). Cheap to clone: versions share what they have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroup {
    pub(super) id: Arc<str>,
    pub(super) epoch: Epoch,
    /// Of the topics that are subscribed to, when the epoch began.
    pub(super) metadata_hash: i64,
    pub(super) target_epoch: Epoch,
    /// When the target was computed; 0 if that is unknown.
    pub(super) target_timestamp: Timestamp,
    pub(super) members: OrdMap<Arc<str>, Arc<Member>>,
    pub(super) targets: OrdMap<Arc<str>, Arc<Partitions>>,
    pub(super) resolved_regexes: OrdMap<Arc<str>, Arc<ResolvedRegex>>,
    /// A record of a release before 4.1 that is to be deleted.
    pub(super) has_partition_metadata: bool,

    // What follows from the members and the expressions, kept because each request asks for it.
    pub(super) static_members: OrdMap<Arc<str>, Arc<str>>,
    /// By name, and by the resolved expressions, each of which counts once.
    pub(super) subscribed_topics: Tally,
    pub(super) regexes: Tally,
    pub(super) server_assignors: Tally,
    pub(super) classic_members: usize,
    pub(super) classic_protocols: Tally,
    pub(super) ownership: Ownership,
}

impl ConsumerGroup {
    /// A group that has no record yet.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            epoch: Epoch::FIRST,
            metadata_hash: 0,
            target_epoch: Epoch::FIRST,
            target_timestamp: Timestamp(0),
            members: OrdMap::new(),
            targets: OrdMap::new(),
            resolved_regexes: OrdMap::new(),
            has_partition_metadata: false,
            static_members: OrdMap::new(),
            subscribed_topics: Tally::default(),
            regexes: Tally::default(),
            server_assignors: Tally::default(),
            classic_members: 0,
            classic_protocols: Tally::default(),
            ownership: Ownership::default(),
        }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    #[must_use]
    pub fn target_epoch(&self) -> Epoch {
        self.target_epoch
    }

    /// Costs a look at each member at most.
    #[must_use]
    pub fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.target_epoch {
            GroupState::Assigning
        } else if self
            .members
            .values()
            .all(|member| member.is_reconciled_to(self.target_epoch))
        {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values()
    }

    #[must_use]
    pub fn member(&self, id: &str) -> Option<&Arc<Member>> {
        self.members.get(id)
    }

    /// The member that stands for the instance.
    #[must_use]
    pub fn static_member(&self, instance_id: &str) -> Option<&Arc<Member>> {
        self.member(self.static_members.get(instance_id)?)
    }

    /// What the member is to have in the end; nothing if it is not in the target.
    #[must_use]
    pub fn target(&self, member_id: &str) -> Arc<Partitions> {
        self.targets.get(member_id).cloned().unwrap_or_default()
    }

    /// The offsets of such a topic do not expire.
    #[must_use]
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscribed_topics.count(topic) > 0
    }

    /// Whether a member has the partition, or has still to give it up.
    #[must_use]
    pub fn is_owned(&self, topic: TopicId, partition: PartitionIndex) -> bool {
        self.ownership.is_owned(topic, partition)
    }

    /// The expression's topics; `None` until it is resolved.
    #[must_use]
    pub fn resolved_regex(&self, regex: &str) -> Option<&Arc<ResolvedRegex>> {
        self.resolved_regexes.get(regex)
    }

    pub(super) fn insert(&mut self, member: Member) {
        let member = Arc::new(member);
        if let Some(old) = self
            .members
            .insert(Arc::clone(&member.id), Arc::clone(&member))
        {
            self.uncount(&old);
        }
        self.count(&member);
    }

    pub(super) fn remove(&mut self, member_id: &str) {
        if let Some(member) = self.members.remove(member_id) {
            self.uncount(&member);
            self.forget_instance(&member);
        }
    }

    pub(super) fn resolve(&mut self, regex: &str, resolved: Option<ResolvedRegex>) {
        let old = match resolved {
            None => self.resolved_regexes.remove(regex),
            Some(resolved) => {
                for topic in &resolved.topics {
                    self.subscribed_topics.add(topic);
                }
                self.resolved_regexes
                    .insert(regex.into(), Arc::new(resolved))
            }
        };
        for topic in old.iter().flat_map(|old| &old.topics) {
            self.subscribed_topics.remove(topic);
        }
    }

    /// Another member may stand for the instance by now.
    fn forget_instance(&mut self, member: &Member) {
        if let Some(instance_id) = &member.instance_id
            && self.static_members.get(instance_id) == Some(&member.id)
        {
            self.static_members.remove(instance_id);
        }
    }

    fn count(&mut self, member: &Arc<Member>) {
        for topic in member.subscribed_topics.iter() {
            self.subscribed_topics.add(topic);
        }
        if let Some(regex) = member.regex() {
            self.regexes.add(regex);
        }
        if let Some(assignor) = &member.server_assignor {
            self.server_assignors.add(assignor);
        }
        if let Some(classic) = &member.classic {
            self.classic_members += 1;
            for protocol in &classic.supported_protocols {
                self.classic_protocols.add(&Arc::from(&*protocol.name));
            }
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members
                .insert(Arc::clone(instance_id), Arc::clone(&member.id));
        }
        self.ownership.add(member);
    }

    fn uncount(&mut self, member: &Member) {
        for topic in member.subscribed_topics.iter() {
            self.subscribed_topics.remove(topic);
        }
        if let Some(regex) = member.regex() {
            self.regexes.remove(regex);
        }
        if let Some(assignor) = &member.server_assignor {
            self.server_assignors.remove(assignor);
        }
        if let Some(classic) = &member.classic {
            self.classic_members -= 1;
            for protocol in &classic.supported_protocols {
                self.classic_protocols.remove(&protocol.name);
            }
        }
        self.ownership.remove(member);
    }
}
