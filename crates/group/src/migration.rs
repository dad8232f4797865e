//! What members ask of groups that may be of either kind, and may change it by that.

use std::sync::Arc;

use ottla_coordinator::{Now, Ticket};
use ottla_model::ErrorCode;
use ottla_wire::coordinator_record::GroupRecord;

use crate::classic::{self, Join, JoinAnswer, Leave, Sync, SyncAnswer};
use crate::consumer::{ConsumerGroup, Epoch, Outcome, Rejection};
use crate::consumer_groups::{self, ConsumerHeartbeat};
use crate::groups::{Context, GroupStep, Groups, kind, take_up};
use crate::kind::Kind;
use crate::listing;
use crate::request::Reply;
use crate::state::{Recorded, State};

/// The group that a heartbeat is for, with the records that make it of another kind.
struct Found {
    group: Arc<ConsumerGroup>,
    records: Vec<GroupRecord<'static>>,
}

impl Groups {
    /// A consumer group with members, whichever protocol they speak.
    pub(crate) fn consumer_group(&self, state: &State, id: &str) -> Option<Arc<ConsumerGroup>> {
        match (self.classic.get(id), state.groups.get(id)) {
            (None, Some(Recorded::Consumer(group))) if !group.is_empty() => Some(Arc::clone(group)),
            _ => None,
        }
    }

    pub(crate) fn consumer_heartbeat(
        &mut self,
        state: &State,
        ticket: Ticket,
        heartbeat: &ConsumerHeartbeat,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        // Who asks again is told what was done before, once that is committed.
        step.shows_newest = true;
        let done = self
            .consumer
            .check(heartbeat)
            .and_then(|()| self.find(state, heartbeat, now))
            .and_then(|found| {
                let outcome = self.consumer.heartbeat(&found.group, heartbeat, now)?;
                Ok((found, outcome))
            });
        let (answer, context) = match done {
            Err(rejection) => (consumer_groups::refused(rejection), None),
            Ok((found, outcome)) => {
                let id: Arc<str> = found.group.id().into();
                let ended = self.end_classic(&id, step);
                step.records.extend(found.records);
                let (answer, changed) = self.take(&id, outcome, now, step);
                (answer, ended.or(changed))
            }
        };
        let reply = Reply::ConsumerHeartbeat(Box::new(answer));
        step.answers.push((ticket, Ok(reply)));
        context
    }

    /// One that joins may make a group, or turn a classic one into a consumer group.
    fn find(
        &mut self,
        state: &State,
        heartbeat: &ConsumerHeartbeat,
        now: Now,
    ) -> Result<Found, Rejection> {
        let id = &*heartbeat.request.group_id;
        let epoch = Epoch(heartbeat.request.member_epoch);
        let joins = epoch == Epoch::JOIN;
        if let (None, Some(Recorded::Consumer(group))) =
            (self.classic.get(id), state.groups.get(id))
        {
            let (group, records) = (Arc::clone(group), Vec::new());
            return Ok(Found { group, records });
        }
        let mut records = Vec::new();
        let group = match kind(&self.classic, state, id) {
            Kind::Absent if joins => ConsumerGroup::new(id),
            Kind::Absent => return Err(Rejection::group_not_found(id, epoch)),
            _ if !joins => return Err(Rejection::not_a_consumer_group(id)),
            Kind::Classic(group) if !group.is_empty() => {
                let (group, made) = self.consumer.upgrade(group, now)?;
                records.push(listing::tombstone(id));
                records.extend(made);
                group
            }
            Kind::Simple | Kind::Classic(_) | Kind::Consumer(_) => {
                records.push(listing::tombstone(id));
                ConsumerGroup::new(id)
            }
        };
        let group = Arc::new(group);
        Ok(Found { group, records })
    }

    /// Whoever waits for the next generation of a classic group is told to join what has come in its place.
    fn end_classic(&mut self, id: &Arc<str>, step: &mut GroupStep) -> Option<Context> {
        let mut group = self.classic.remove(id)?;
        let mut own = classic::Step::default();
        group.unload(ErrorCode::RebalanceInProgress, &mut own);
        take_up(own, step);
        Some(Context::Ended(vec![group]))
    }

    /// Takes up what a consumer group has made.
    pub(crate) fn take<Answer>(
        &mut self,
        id: &Arc<str>,
        outcome: Outcome<Answer>,
        now: Now,
        step: &mut GroupStep,
    ) -> (Answer, Option<Context>) {
        let context = match outcome.downgrade {
            Some(group) => {
                self.classic.take_up(id, &group, now);
                self.consumer.forget(id);
                Some(Context::Downgraded(Arc::clone(id)))
            }
            None => (!outcome.records.is_empty()).then(|| Context::Changed(Arc::clone(id))),
        };
        step.records.extend(outcome.records);
        (outcome.answer, context)
    }

    /// The group has stayed what it was.
    pub(crate) fn take_back_downgrade(
        &mut self,
        state: &State,
        id: &Arc<str>,
        error: ErrorCode,
        now: Now,
        step: &mut GroupStep,
    ) {
        if let Some(mut group) = self.classic.remove(id) {
            let mut own = classic::Step::default();
            group.unload(classic::append_error(error), &mut own);
            take_up(own, step);
        }
        self.restart_consumer_group(state, id, now);
    }

    pub(crate) fn join(
        &mut self,
        state: &State,
        (id, ticket): (&Arc<str>, Ticket),
        join: Join,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        let Some(group) = self.consumer_group(state, id) else {
            return self.join_classic(state, (id, ticket), join, now, step);
        };
        step.shows_newest = true;
        let session = join.session_timeout_ms();
        let joined = if self.classic.settings().allow_session_timeout(session) {
            self.consumer.step(id, now, |timers, context| {
                let joined = group.classic_join(timers, &join, context);
                joined.map_err(|refused| refused.error)
            })
        } else {
            Err(ErrorCode::InvalidSessionTimeout)
        };
        let (answer, context) = match joined {
            Ok(outcome) => self.take(id, outcome, now, step),
            Err(error) => (JoinAnswer::error(&join.member_id, error), None),
        };
        let reply = Reply::Classic(classic::Answer::Join(answer));
        step.answers.push((ticket, Ok(reply)));
        context
    }

    /// The first member of a classic group ends the consumer group that had its name, and no members.
    fn join_classic(
        &mut self,
        state: &State,
        (id, ticket): (&Arc<str>, Ticket),
        join: Join,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        let former = match (self.classic.get(id), state.groups.get(id)) {
            (None, Some(Recorded::Consumer(group))) => Some(Arc::clone(group)),
            _ => None,
        };
        let context = self.of_classic(step, |groups, step| {
            groups.join(state, (id, ticket), join, now, step)
        });
        if let Some(former) = former
            && !step.records.is_empty()
        {
            step.records.splice(..0, former.tombstones());
            self.consumer.forget(id);
        }
        context
    }

    pub(crate) fn sync(
        &mut self,
        state: &State,
        (id, ticket): (&Arc<str>, Ticket),
        sync: Sync,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        let Some(group) = self.consumer_group(state, id) else {
            return self.of_classic(step, |groups, step| groups.sync((id, ticket), sync, step));
        };
        step.shows_newest = true;
        let synced = self.consumer.step(id, now, |timers, context| {
            group.classic_sync(timers, &sync, context)
        });
        let answer = synced.unwrap_or_else(SyncAnswer::error);
        let reply = Reply::Classic(classic::Answer::Sync(answer));
        step.answers.push((ticket, Ok(reply)));
        None
    }

    pub(crate) fn leave(
        &mut self,
        state: &State,
        (id, ticket): (&Arc<str>, Ticket),
        leave: Leave,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        let Some(group) = self.consumer_group(state, id) else {
            return self.of_classic(step, |groups, step| {
                groups.leave((id, ticket), leave, now, step)
            });
        };
        step.shows_newest = true;
        let outcome = self.consumer.step(id, now, |timers, context| {
            group.classic_leave(timers, leave, context)
        });
        let (answer, context) = self.take(id, outcome, now, step);
        let reply = Reply::Classic(classic::Answer::Leave(answer));
        step.answers.push((ticket, Ok(reply)));
        context
    }
}
