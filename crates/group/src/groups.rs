//! The state machine of a partition of `__consumer_offsets`.

use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::{EncodedRecord, Now, StateMachine, States, Step, Ticket};
use ottla_model::{ErrorCode, Monotonic, ProducerId};
use ottla_wire::DecodeError;
use ottla_wire::coordinator_record::GroupRecord;
use ottla_wire::message::list_groups::ListedGroup;

use crate::classic::{self, ClassicGroup, ClassicSettings};
use crate::classic_groups::{ClassicGroups, GroupWrite};
use crate::consumer_configs::ConsumerConfigs;
use crate::consumer_groups::{ConsumerGroups, SharedTopics};
use crate::deleted_topics::{Deleted, DeletedTopics};
use crate::kind::Kind;
use crate::listing::{self, GroupFilter};
use crate::offsets::{self, CommitOffsets, DeleteOffsets, FetchOffsets};
use crate::request::{Answer, Reply, Request};
use crate::retention::{Expired, Retention};
use crate::state::{self, Recorded, State};

/// What the node's configuration says of groups.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `offset.metadata.max.bytes`, which counts in units of UTF-16.
    pub max_offset_metadata: usize,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check: Duration,
    pub classic: ClassicSettings,
    pub consumer: ConsumerConfigs,
}

/// What a step is to be reminded of.
#[derive(Debug)]
pub enum Context {
    Group(GroupWrite),
    /// They end, and come back if that cannot be written down.
    Ended(Vec<ClassicGroup>),
    /// What of the group has expired, and the group itself if all of it has: it comes back if that cannot be written down.
    Expired(Arc<str>, Option<Box<ClassicGroup>>),
    /// The consumer group has changed, and with it until when its members may be silent. If that cannot be written down, all of them
    /// have their time anew.
    Changed(Arc<str>),
    /// It has become a classic group, and is the consumer group that it was if that cannot be written down.
    Downgraded(Arc<str>),
    /// The offsets in these topics are taken back.
    ForgottenTopics(Deleted),
}

/// The groups of a partition, with what is not written down of them: who waits, and until when.
#[derive(Debug)]
pub struct Groups {
    max_offset_metadata: usize,
    pub(crate) classic: ClassicGroups,
    pub(crate) consumer: ConsumerGroups,
    retention: Retention,
    deleted_topics: DeletedTopics,
}

pub(crate) type GroupStep = Step<GroupRecord<'static>, Answer>;

impl Groups {
    #[must_use]
    pub fn new(settings: Settings, topics: SharedTopics) -> Self {
        Self {
            max_offset_metadata: settings.max_offset_metadata,
            classic: ClassicGroups::new(settings.classic),
            consumer: ConsumerGroups::new(settings.consumer, topics),
            retention: Retention::new(settings.offsets_retention, settings.retention_check),
            deleted_topics: DeletedTopics::default(),
        }
    }

    fn commit(
        &mut self,
        state: &State,
        request: &CommitOffsets,
        now: Now,
        step: &mut GroupStep,
    ) -> Answer {
        let CommitOffsets { group, member, .. } = request;
        let permit = kind(&self.classic, state, group).permit_commit(member)?;
        let (topics, most) = (self.consumer.topics(), self.max_offset_metadata);
        let codes = offsets::commit(request, permit, topics, most, now.wall, &mut step.records)?;
        self.classic.keep_session(group, &member.member_id, now);
        Ok(Reply::Codes(codes))
    }

    fn delete_offsets(
        &self,
        state: &State,
        request: &DeleteOffsets,
        step: &mut GroupStep,
    ) -> Answer {
        let group = kind(&self.classic, state, &request.group);
        offsets::delete(&state.offsets, &group, request, &mut step.records).map(Reply::Codes)
    }

    fn list(&self, state: &State, filter: &GroupFilter, now: Now) -> Vec<ListedGroup<'static>> {
        let ids = state.groups.keys();
        let groups = ids.filter_map(|id| listing::listed(id, &kind(&self.classic, state, id), now));
        groups.filter(|group| filter.shows(group)).collect()
    }

    fn delete_groups(
        &mut self,
        state: &State,
        ids: &[Arc<str>],
        step: &mut GroupStep,
    ) -> (Answer, Option<Context>) {
        let mut ended = Vec::new();
        let mut codes = Vec::new();
        for id in ids {
            let group = kind(&self.classic, state, id);
            let deleted = listing::delete(state, (id, &group), &mut step.records);
            if deleted.is_ok() {
                ended.extend(self.classic.remove(id));
                self.consumer.forget(id);
            }
            codes.push(deleted.err().unwrap_or(ErrorCode::None));
        }
        let context = (!ended.is_empty()).then_some(Context::Ended(ended));
        (Ok(Reply::Codes(codes)), context)
    }

    fn forget_topics(&mut self, state: &State, now: Now, step: &mut GroupStep) -> Option<Context> {
        let topics = &mut self.deleted_topics;
        let forgotten = topics.go_on(&state.offsets, now, &mut step.records);
        forgotten.map(Context::ForgottenTopics)
    }

    fn retain(&mut self, state: &State, now: Now, step: &mut GroupStep) -> Option<Context> {
        let classic = &self.classic;
        let Expired { group, ends } =
            self.retention
                .go_on(state, |id| kind(classic, state, id), now, &mut step.records)?;
        let mut ended = None;
        if ends {
            self.consumer.forget(&group);
            ended = self.classic.remove(&group).map(Box::new);
        }
        Some(Context::Expired(group, ended))
    }

    /// Gives the members of the group, if it is one, all their time.
    pub(crate) fn restart_consumer_group(&mut self, state: &State, id: &Arc<str>, now: Now) {
        if let Some(Recorded::Consumer(group)) = state.groups.get(id) {
            self.consumer.restart(id, group, now);
        }
    }

    /// Has classic groups do something.
    pub(crate) fn of_classic(
        &mut self,
        step: &mut GroupStep,
        run: impl FnOnce(&mut ClassicGroups, &mut classic::Step) -> Option<GroupWrite>,
    ) -> Option<Context> {
        let mut own = classic::Step::default();
        let write = run(&mut self.classic, &mut own);
        take_up(own, step);
        write.map(Context::Group)
    }
}

/// Makes what classic groups have done part of a step.
pub(crate) fn take_up(own: classic::Step, step: &mut GroupStep) {
    step.records.extend(own.records);
    let answers = own.answers.into_iter();
    step.answers
        .extend(answers.map(|(ticket, answer)| (ticket, Ok(Reply::Classic(answer)))));
}

pub(crate) fn kind<'a>(classic: &'a ClassicGroups, state: &'a State, id: &str) -> Kind<'a> {
    match (classic.get(id), state.groups.get(id)) {
        (Some(group), _) => Kind::Classic(group),
        (None, Some(Recorded::Consumer(group))) => Kind::Consumer(group),
        (None, Some(Recorded::Simple)) => Kind::Simple,
        // What is recorded of a classic group that has ended is on its way out.
        (None, Some(Recorded::Classic(_)) | None) => Kind::Absent,
    }
}

/// What is committed; or the newest, which is told when that is.
fn fetch(
    classic: &ClassicGroups,
    states: States<'_, State>,
    request: &FetchOffsets,
    step: &mut GroupStep,
) -> Answer {
    let group = kind(classic, states.committed, &request.group);
    group.validate_fetch(request.member_id.as_deref(), request.member_epoch)?;
    step.shows_newest = request.require_stable;
    let state = if request.require_stable {
        states.newest
    } else {
        states.committed
    };
    Ok(Reply::Fetched(offsets::fetch(&state.offsets, request)))
}

impl StateMachine for Groups {
    type State = State;
    type Record = GroupRecord<'static>;
    type Request = Request;
    type Answer = Answer;
    type Context = Context;

    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self::Record>, DecodeError> {
        let record = GroupRecord::decode(key, value)?;
        Ok(record.map(GroupRecord::into_owned))
    }

    fn encode(record: &Self::Record) -> EncodedRecord {
        state::encode(record)
    }

    fn replay(state: &mut State, record: Self::Record, producer: Option<ProducerId>) {
        state.replay(record, producer);
    }

    fn end_transaction(state: &mut State, producer: ProducerId, is_committed: bool) {
        state.offsets.end_transaction(producer, is_committed);
    }

    fn loaded(&mut self, state: &State, now: Now) {
        self.classic.loaded(state, now);
        self.consumer.loaded(state, now);
        self.retention.pause(now);
    }

    fn request(
        &mut self,
        states: States<'_, State>,
        ticket: Ticket,
        request: Request,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        let States { committed, newest } = states;
        let answer = match request {
            Request::CommitOffsets(request) => self.commit(newest, &request, now, step),
            Request::FetchOffsets(request) => fetch(&self.classic, states, &request, step),
            Request::DeleteOffsets(request) => self.delete_offsets(newest, &request, step),
            Request::CommittedOffsets => Ok(Reply::CommittedOffsets(committed.offsets.clone())),
            Request::ListGroups(filter) => Ok(Reply::Listed(self.list(committed, &filter, now))),
            Request::DescribeGroups(ids) => {
                let describe = |id: &Arc<str>| {
                    let group = kind(&self.classic, committed, id);
                    listing::described(id, &group, now)
                };
                Ok(Reply::Described(ids.iter().map(describe).collect()))
            }
            Request::DescribeConsumerGroups(ids) => {
                let describe = |id: &Arc<str>| {
                    let group = kind(&self.classic, committed, id);
                    self.consumer.described(id, &group)
                };
                let described = ids.iter().map(describe).collect();
                Ok(Reply::DescribedConsumerGroups(described))
            }
            Request::ConsumerHeartbeat(heartbeat) => {
                return self.consumer_heartbeat(newest, ticket, &heartbeat, now, step);
            }
            Request::FollowTopics(topics, changed) => {
                self.consumer.follow_topics(newest, topics, &changed);
                Ok(Reply::Done)
            }
            Request::Configure(configs) => {
                self.consumer.configure(configs);
                Ok(Reply::Done)
            }
            Request::DeleteGroups(ids) => {
                let (answer, context) = self.delete_groups(newest, &ids, step);
                step.answers.push((ticket, answer));
                return context;
            }
            Request::ForgetTopics(topics) => {
                self.deleted_topics.add(topics, &newest.offsets);
                step.answers.push((ticket, Ok(Reply::Done)));
                return self.forget_topics(newest, now, step);
            }
            Request::Heartbeat(id, heartbeat) => {
                let code = match self.consumer_group(newest, &id) {
                    Some(group) => self.consumer.step(&id, now, |timers, context| {
                        group.classic_heartbeat(timers, &heartbeat, context)
                    }),
                    None => self.classic.heartbeat(&id, &heartbeat, now),
                };
                Ok(Reply::Codes(vec![code]))
            }
            Request::Join(id, join) => return self.join(newest, (&id, ticket), *join, now, step),
            Request::Sync(id, sync) => return self.sync(newest, (&id, ticket), sync, now, step),
            Request::Leave(id, leave) => {
                return self.leave(newest, (&id, ticket), leave, now, step);
            }
        };
        step.answers.push((ticket, answer));
        None
    }

    fn committed(
        &mut self,
        _: States<'_, State>,
        context: Context,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        match context {
            Context::Group(write) => self.of_classic(step, |groups, step| {
                groups.committed(write, now, step);
                None
            }),
            Context::Ended(_)
            | Context::Expired(..)
            | Context::Changed(_)
            | Context::Downgraded(_)
            | Context::ForgottenTopics(_) => None,
        }
    }

    fn append_failed(
        &mut self,
        states: States<'_, State>,
        context: Context,
        error: ErrorCode,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        match context {
            Context::Group(write) => self.of_classic(step, |groups, step| {
                groups.append_failed(states.newest, write, error, now, step)
            }),
            Context::Ended(groups) => {
                for group in groups {
                    self.classic.insert(group);
                }
                None
            }
            Context::Expired(id, ended) => {
                if let Some(group) = ended {
                    self.classic.insert(*group);
                }
                self.retention.lost(id, error, now);
                None
            }
            Context::Changed(id) => {
                self.restart_consumer_group(states.newest, &id, now);
                None
            }
            Context::Downgraded(id) => {
                self.take_back_downgrade(states.newest, &id, error, now, step);
                None
            }
            Context::ForgottenTopics(topics) => {
                let offsets = &states.newest.offsets;
                self.deleted_topics.try_again(topics, offsets, error, now);
                None
            }
        }
    }

    fn expire(
        &mut self,
        states: States<'_, State>,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        let is_due = |at: Option<Monotonic>| at.is_some_and(|at| at <= now.monotonic);
        if is_due(self.classic.next_deadline()) {
            self.of_classic(step, |groups, step| groups.expire(now, step))
        } else if is_due(self.consumer.next_deadline()) {
            let (id, outcome) = self.consumer.expire(states.newest, now)?;
            self.take(&id, outcome, now, step).1
        } else if is_due(self.deleted_topics.next()) {
            self.forget_topics(states.newest, now, step)
        } else if is_due(self.retention.next()) {
            self.retain(states.newest, now, step)
        } else {
            None
        }
    }

    fn next_deadline(&self) -> Option<Monotonic> {
        let deadlines = [
            self.classic.next_deadline(),
            self.consumer.next_deadline(),
            self.deleted_topics.next(),
            self.retention.next(),
        ];
        deadlines.into_iter().flatten().min()
    }
}
