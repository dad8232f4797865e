//! The state machine of a partition of `__consumer_offsets`.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::{EncodedRecord, Now, StateMachine, States, Step, Ticket};
use ottla_model::{ErrorCode, Monotonic, ProducerId};
use ottla_wire::DecodeError;
use ottla_wire::coordinator_record::GroupRecord;

use crate::kind::Kind;
use crate::listing::{self, GroupFilter, ListedGroup};
use crate::offsets::{self, CommitOffsets, DeleteOffsets, DeletedTopics, FetchOffsets};
use crate::request::{Answer, Reply, Request};
use crate::state::{self, Recorded, State};

/// The most records of a step that does what it can of something larger.
const MOST_RECORDS: usize = 1000;
/// After a failure to write down that topics are no more.
const RETRY: Duration = Duration::from_secs(1);

/// What the node's configuration says of groups.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `offset.metadata.max.bytes`, which counts in units of UTF-16.
    pub max_offset_metadata: usize,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check: Duration,
}

/// What a step is to be reminded of.
#[derive(Debug)]
pub enum Context {
    /// The offsets in these topics were taken back.
    ForgottenTopics(BTreeSet<Arc<str>>),
}

/// The groups of a partition, with what is not written down of them: who waits, and until when.
#[derive(Debug)]
pub struct Groups {
    settings: Settings,
    retention: Retention,
    /// Topics that are no more, whose offsets may be there still, and when to look for them.
    deleted_topics: DeletedTopics,
    forget_at: Option<Monotonic>,
}

/// The search for what has expired, group by group.
#[derive(Debug, Default)]
struct Retention {
    /// `None` before the log is loaded.
    next: Option<Monotonic>,
    /// The last group that was looked at, while it is under way.
    after: Option<Arc<str>>,
}

type GroupStep = Step<GroupRecord<'static>, Answer>;

impl Groups {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            retention: Retention::default(),
            deleted_topics: DeletedTopics(BTreeSet::new()),
            forget_at: None,
        }
    }

    fn kind(&self, state: &State, id: &str) -> Kind {
        match state.groups.get(id) {
            None => Kind::Absent,
            Some(Recorded::Simple) => Kind::Simple,
        }
    }

    fn commit(
        &mut self,
        state: &State,
        request: &CommitOffsets,
        now: Now,
        step: &mut GroupStep,
    ) -> Answer {
        let group = self.kind(state, &request.group);
        group.validate_commit(&request.member)?;
        let most = self.settings.max_offset_metadata;
        let codes = offsets::commit(request, most, now.wall, &mut step.records);
        Ok(Reply::Codes(codes))
    }

    fn fetch(
        &self,
        states: States<'_, State>,
        request: &FetchOffsets,
        step: &mut GroupStep,
    ) -> Answer {
        // What is stable is read from the newest state, and told when that is committed.
        step.shows_newest = request.require_stable;
        let state = if request.require_stable {
            states.newest
        } else {
            states.committed
        };
        Ok(Reply::Fetched(offsets::fetch(&state.offsets, request)))
    }

    fn delete_offsets(
        &self,
        state: &State,
        request: &DeleteOffsets,
        step: &mut GroupStep,
    ) -> Answer {
        let group = self.kind(state, &request.group);
        offsets::delete(&state.offsets, &group, request, &mut step.records).map(Reply::Codes)
    }

    fn list(&self, state: &State, filter: &GroupFilter) -> Vec<ListedGroup> {
        let groups = state.groups.iter().map(|(id, recorded)| match recorded {
            Recorded::Simple => ListedGroup {
                id: Arc::clone(id),
                protocol_type: Arc::from(""),
                state: "Empty",
                group_type: "classic",
            },
        });
        groups.filter(|group| filter.shows(group)).collect()
    }

    fn delete_groups(&mut self, state: &State, ids: &[Arc<str>], step: &mut GroupStep) -> Answer {
        let delete = |id: &Arc<str>| {
            let group = self.kind(state, id);
            match listing::delete(state, (id, &group), &mut step.records) {
                Ok(()) => ErrorCode::None,
                Err(code) => code,
            }
        };
        Ok(Reply::Codes(ids.iter().map(delete).collect()))
    }

    /// Goes on with the search for what has expired: one group has a step of its own if there is anything.
    fn retain(&mut self, state: &State, now: Now, step: &mut GroupStep) {
        let from = match &self.retention.after {
            None => Bound::Unbounded,
            Some(after) => Bound::Excluded(Arc::clone(after)),
        };
        for (id, _) in state.groups.range((from, Bound::Unbounded)) {
            let group = self.kind(state, id);
            let retention = self.settings.offsets_retention;
            let offsets = &state.offsets;
            let (records, wall) = (&mut step.records, now.wall);
            let is_all = offsets::expired(
                offsets,
                (id, &group),
                retention,
                wall,
                MOST_RECORDS,
                records,
            );
            if is_all && group.is_empty() {
                records.push(listing::tombstone(id));
            }
            // There may be more of a group than one step takes.
            if records.len() < MOST_RECORDS {
                self.retention.after = Some(Arc::clone(id));
            }
            if !records.is_empty() {
                return;
            }
        }
        self.retention = Retention {
            next: Some(now.monotonic + self.settings.retention_check),
            after: None,
        };
    }

    /// Takes back the offsets in topics that are no more, or some of them.
    fn forget_topics(&mut self, state: &State, now: Now, step: &mut GroupStep) -> Option<Context> {
        step.records =
            offsets::of_deleted_topics(&state.offsets, &self.deleted_topics, MOST_RECORDS);
        if step.records.len() == MOST_RECORDS {
            self.forget_at = Some(now.monotonic);
            let DeletedTopics(topics) = &self.deleted_topics;
            return Some(Context::ForgottenTopics(topics.clone()));
        }
        self.forget_at = None;
        let DeletedTopics(topics) =
            std::mem::replace(&mut self.deleted_topics, DeletedTopics(BTreeSet::new()));
        (!step.records.is_empty()).then_some(Context::ForgottenTopics(topics))
    }
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

    fn loaded(&mut self, _: &State, now: Now) {
        self.retention.next = Some(now.monotonic + self.settings.retention_check);
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
            Request::FetchOffsets(request) => self.fetch(states, &request, step),
            Request::DeleteOffsets(request) => self.delete_offsets(newest, &request, step),
            Request::ListGroups(filter) => Ok(Reply::Listed(self.list(committed, &filter))),
            Request::DeleteGroups(ids) => self.delete_groups(newest, &ids, step),
            Request::ForgetTopics(topics) => {
                self.deleted_topics.0.extend(topics);
                step.answers.push((ticket, Ok(Reply::Done)));
                return self.forget_topics(newest, now, step);
            }
        };
        step.answers.push((ticket, answer));
        None
    }

    fn committed(
        &mut self,
        _: States<'_, State>,
        context: Context,
        _: Now,
        _: &mut GroupStep,
    ) -> Option<Context> {
        match context {
            Context::ForgottenTopics(_) => None,
        }
    }

    fn append_failed(
        &mut self,
        _: States<'_, State>,
        context: Context,
        _: ErrorCode,
        now: Now,
        _: &mut GroupStep,
    ) -> Option<Context> {
        match context {
            Context::ForgottenTopics(topics) => {
                self.deleted_topics.0.extend(topics);
                self.forget_at = Some(now.monotonic + RETRY);
            }
        }
        None
    }

    fn expire(
        &mut self,
        states: States<'_, State>,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<Context> {
        if self.forget_at.is_some_and(|at| at <= now.monotonic) {
            return self.forget_topics(states.newest, now, step);
        }
        if self.retention.next.is_some_and(|at| at <= now.monotonic) {
            self.retain(states.newest, now, step);
        }
        None
    }

    fn next_deadline(&self) -> Option<Monotonic> {
        let deadlines = [self.retention.next, self.forget_at];
        deadlines.into_iter().flatten().min()
    }
}
