//! The members of a group, and who leads them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Ticket;
use rustc_hash::FxHashMap;

use super::member::{Member, Terms};

/// By their ids. Whoever is here as a static member is found by its instance, too, and exactly one leads unless there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    by_id: BTreeMap<Arc<str>, Member>,
    /// The ids of static members by their instance ids.
    by_instance: FxHashMap<Arc<str>, Arc<str>>,
    leader: Option<Arc<str>>,
    /// How many of them wait with a join.
    joined: usize,
    /// By how many of them each protocol is known; those that nobody knows are not here.
    supporters: BTreeMap<Arc<str>, usize>,
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Member> {
        self.by_id.get(id)
    }

    /// The id as it is kept here.
    pub(super) fn id(&self, id: &str) -> Option<&Arc<str>> {
        self.by_id.get_key_value(id).map(|(id, _)| id)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Member)> {
        self.by_id.iter()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_id.keys()
    }

    /// The id under which an instance is a member.
    pub(super) fn of_instance(&self, instance: &str) -> Option<&Arc<str>> {
        self.by_instance.get(instance)
    }

    pub(super) fn leader(&self) -> Option<&Arc<str>> {
        self.leader.as_ref()
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    /// How many wait with a join.
    pub(super) fn joined(&self) -> usize {
        self.joined
    }

    /// The longest that any of them may take to come back.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        let timeouts = self.by_id.values();
        timeouts
            .map(|member| member.terms.rebalance_timeout())
            .max()
            .unwrap_or_default()
    }

    /// The first one leads. `member` has no ticket yet.
    pub(super) fn add(&mut self, id: Arc<str>, member: Member) {
        assert!(
            member.join.is_none(),
            "a member comes in before its join is parked"
        );
        if let Some(instance) = &member.instance_id {
            let former = self.by_instance.insert(instance.clone(), id.clone());
            assert!(former.is_none(), "an instance is one member");
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.count_supporter(&member.terms);
        let former = self.by_id.insert(id, member);
        assert!(former.is_none(), "an id is one member");
    }

    /// Whoever is first of those that stay leads when the leader goes.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let member = self.by_id.remove(id)?;
        self.joined -= usize::from(member.join.is_some());
        self.uncount_supporter(&member.terms);
        if let Some(instance) = &member.instance_id {
            self.by_instance.remove(instance);
        }
        if self.is_leader(id) {
            self.leader = self.by_id.keys().next().cloned();
        }
        Some(member)
    }

    /// Gives a static member another id, which it leads under if it led. Gives back the tickets that were parked under the former one.
    ///
    /// # Panics
    /// When there is no static member `former`, or a member `id`.
    pub(super) fn rename(
        &mut self,
        former: &str,
        id: &Arc<str>,
    ) -> (Option<Ticket>, Option<Ticket>) {
        let mut member = self.by_id.remove(former).expect("a member is renamed");
        let instance = member.instance_id.clone();
        let instance = instance.expect("only static members change their ids");
        let tickets = (member.join.take(), member.sync.take());
        self.joined -= usize::from(tickets.0.is_some());
        member.is_new = false;
        self.by_instance.insert(instance, id.clone());
        if self.is_leader(former) {
            self.leader = Some(id.clone());
        }
        let other = self.by_id.insert(id.clone(), member);
        assert!(other.is_none(), "a new id is nobody's");
        tickets
    }

    /// Makes this one lead, or nobody where it is no member, for a group that is loaded: until [`Self::elect_leader`].
    pub(super) fn set_leader(&mut self, leader: Option<&str>) {
        self.leader = leader.and_then(|id| self.id(id)).cloned();
    }

    /// Makes one lead where nobody does. Whether that was so.
    pub(super) fn elect_leader(&mut self) -> bool {
        let is_led = self.leader.is_some() || self.by_id.is_empty();
        if !is_led {
            self.leader = self.by_id.keys().next().cloned();
        }
        !is_led
    }

    /// A leader that has not joined is replaced by one that has. Whether the leader has joined now.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let leader = self.leader.as_ref().and_then(|leader| self.get(leader));
        if leader.is_some_and(|leader| leader.join.is_some()) {
            return true;
        }
        let Some(joined) = self.iter().find(|(_, member)| member.join.is_some()) else {
            return false;
        };
        self.leader = Some(joined.0.clone());
        true
    }

    /// Parks a join, and gives back the one it takes the place of.
    pub(super) fn park_join(&mut self, id: &str, ticket: Ticket) -> Option<Ticket> {
        let former = self.get_mut(id).join.replace(ticket);
        self.joined += usize::from(former.is_none());
        former
    }

    pub(super) fn take_join(&mut self, id: &str) -> Option<Ticket> {
        let ticket = self.by_id.get_mut(id)?.join.take();
        self.joined -= usize::from(ticket.is_some());
        ticket
    }

    /// Parks a sync, and gives back the one it takes the place of.
    pub(super) fn park_sync(&mut self, id: &str, ticket: Ticket) -> Option<Ticket> {
        self.get_mut(id).sync.replace(ticket)
    }

    /// The syncs that are parked, with their members.
    pub(super) fn take_syncs(&mut self) -> Vec<(Arc<str>, Ticket)> {
        let members = self.by_id.iter_mut();
        members
            .filter_map(|(id, member)| Some((id.clone(), member.sync.take()?)))
            .collect()
    }

    /// Gives back the terms of before.
    pub(super) fn set_terms(&mut self, id: &str, terms: Terms) -> Terms {
        self.count_supporter(&terms);
        let former = std::mem::replace(&mut self.get_mut(id).terms, terms);
        self.uncount_supporter(&former);
        former
    }

    pub(super) fn assign(&mut self, mut part: impl FnMut(&str) -> bytes::Bytes) {
        for (id, member) in &mut self.by_id {
            member.assignment = part(id);
        }
    }

    /// All know now that they are members.
    pub(super) fn all_told(&mut self) {
        for member in self.by_id.values_mut() {
            member.is_new = false;
        }
    }

    pub(super) fn all_know(&self, protocol: &str) -> bool {
        self.supporters.get(protocol).copied().unwrap_or(0) == self.len()
    }

    /// What all know, by name.
    pub(super) fn known_by_all(&self) -> impl Iterator<Item = &Arc<str>> {
        let supporters = self.supporters.iter();
        supporters
            .filter(|(_, count)| **count == self.len())
            .map(|(name, _)| name)
    }

    fn count_supporter(&mut self, terms: &Terms) {
        for protocol in &terms.protocols {
            *self.supporters.entry(protocol.name.clone()).or_default() += 1;
        }
    }

    fn uncount_supporter(&mut self, terms: &Terms) {
        for protocol in &terms.protocols {
            let count = self.supporters.get_mut(&protocol.name);
            let count = count.expect("the protocols of members are counted");
            *count -= 1;
            if *count == 0 {
                self.supporters.remove(&protocol.name);
            }
        }
    }

    fn get_mut(&mut self, id: &str) -> &mut Member {
        self.by_id.get_mut(id).expect("asked for a member")
    }
}
