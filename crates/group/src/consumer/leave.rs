//! Members that go: by their own will, or because they were silent for too long.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_wire::Str;
use ottla_wire::message::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use super::timers::Timeout;
use super::{ConsumerGroup, Context, Epoch, GroupTimers, Member, Outcome, Rejection};

impl ConsumerGroup {
    pub(super) fn leave(
        &self,
        timers: &mut GroupTimers,
        request: &ConsumerGroupHeartbeatRequest<'_>,
        context: &Context<'_>,
    ) -> Result<Outcome<ConsumerGroupHeartbeatResponse<'static>>, Rejection> {
        let member = match &request.instance_id {
            None => self.known_member(&request.member_id)?,
            Some(instance_id) => self.known_static_member(&request.member_id, instance_id)?,
        };
        let answer = ConsumerGroupHeartbeatResponse {
            member_id: Some(Str::Owned(member.id.to_string())),
            member_epoch: request.member_epoch,
            ..Default::default()
        };
        let comes_back =
            request.instance_id.is_some() && Epoch(request.member_epoch) == Epoch::STATIC_LEAVE;
        if comes_back {
            let record = self.assignment_record(&parked(member));
            return Ok(Outcome::new(vec![record], answer));
        }
        let gone = BTreeSet::from([Arc::clone(&member.id)]);
        Ok(self.without(timers, &gone, answer, context))
    }

    /// Takes out who was silent for too long, and resolves the expressions that are due. `None` if nothing comes of it.
    pub fn expire(&self, timers: &mut GroupTimers, context: &Context<'_>) -> Option<Outcome<()>> {
        if std::mem::take(&mut timers.regexes_due) {
            let records = self.resolve_regexes(timers, context);
            if !records.is_empty() {
                return Some(Outcome::new(records, ()));
            }
        }
        let mut gone = BTreeSet::new();
        for (member_id, timeout) in timers.take_due(context.now) {
            let Some(member) = self.member(&member_id) else {
                continue;
            };
            match timeout {
                // It has moved on meanwhile.
                Timeout::Rebalance(epoch) if member.epoch != epoch => {}
                _ => drop(gone.insert(member_id)),
            }
        }
        if gone.is_empty() {
            return None;
        }
        Some(self.without(timers, &gone, (), context))
    }

    /// Takes members out, which begins a new epoch. If only classic members are left, the group may become a classic one instead.
    pub(super) fn without<Answer>(
        &self,
        timers: &mut GroupTimers,
        gone: &BTreeSet<Arc<str>>,
        answer: Answer,
        context: &Context<'_>,
    ) -> Outcome<Answer> {
        if gone.is_empty() {
            return Outcome::unchanged(answer);
        }
        if let Some((records, downgrade)) = self.downgrade_without(gone, context) {
            return Outcome {
                records,
                answer,
                downgrade: Some(downgrade),
            };
        }
        let mut records = Vec::new();
        // What the group would be without them tells which topics and expressions are left.
        let mut left = self.clone();
        for member_id in gone {
            records.extend(self.removal_records(member_id));
            left.remove(member_id);
            timers.forget(member_id);
        }
        for regex in self.regexes_of(gone) {
            if left.regexes.count(&regex) == 0 {
                records.push(self.regex_record(&regex, None));
                left.resolve(&regex, None);
            }
        }
        let names = left.subscribed_topics.names().map(|name| &**name);
        let hash = timers.topic_hashes.group_hash(names, context.topics);
        records.push(self.epoch_record(self.epoch.next(), hash));
        Outcome::new(records, answer)
    }

    fn regexes_of(&self, members: &BTreeSet<Arc<str>>) -> BTreeSet<Arc<str>> {
        members
            .iter()
            .filter_map(|id| self.member(id)?.regex().cloned())
            .collect()
    }
}

/// A static member that means to come back keeps what it has, of which it has heard in no epoch that is still to come.
fn parked(member: &Member) -> Member {
    let mut assigned = (*member.assigned).clone();
    for epoch in assigned.values_mut().flat_map(|topic| topic.values_mut()) {
        *epoch = Epoch::JOIN;
    }
    Member {
        epoch: Epoch::STATIC_LEAVE,
        assigned: Arc::new(assigned),
        pending_revocation: Arc::default(),
        ..member.clone()
    }
}
