//! The classic groups of a partition, with what is not written down of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_coordinator::{Now, Ticket};
use ottla_model::{ErrorCode, Monotonic};
use ottla_wire::coordinator_record::group::group_metadata::GroupMetadataValue;

use crate::classic::{
    self, Answer, ClassicGroup, ClassicSettings, Heartbeat, Join, JoinAnswer, Leave, LeaveAnswer,
    Sync, SyncAnswer, Write,
};
use crate::state::{Recorded, State};

/// What a step of a group is to be reminded of.
#[derive(Debug)]
pub struct GroupWrite {
    group: Arc<str>,
    write: Write,
}

#[derive(Debug)]
struct Held {
    group: ClassicGroup,
    /// As it stands among the deadlines.
    deadline: Option<Monotonic>,
}

#[derive(Debug)]
pub(crate) struct ClassicGroups {
    settings: ClassicSettings,
    /// Those that have or had members. What is recorded as simple is not here until somebody joins.
    groups: BTreeMap<Arc<str>, Held>,
    deadlines: BTreeSet<(Monotonic, Arc<str>)>,
}

impl ClassicGroups {
    pub(crate) fn new(settings: ClassicSettings) -> Self {
        Self {
            settings,
            groups: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    pub(crate) fn settings(&self) -> &ClassicSettings {
        &self.settings
    }

    pub(crate) fn get(&self, id: &str) -> Option<&ClassicGroup> {
        self.groups.get(id).map(|held| &held.group)
    }

    pub(crate) fn next_deadline(&self) -> Option<Monotonic> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes up what was written down.
    pub(crate) fn loaded(&mut self, state: &State, now: Now) {
        for (id, recorded) in &state.groups {
            let Recorded::Classic(value) = recorded else {
                continue;
            };
            self.take_up(id, value, now);
        }
    }

    /// A group as its record has it, which may have been a consumer group just before.
    pub(crate) fn take_up(&mut self, id: &Arc<str>, value: &GroupMetadataValue<'_>, now: Now) {
        // Whom a record contradicts that no coordinator writes, nobody can say: they join anew.
        let group = ClassicGroup::from_record(Arc::clone(id), value);
        let mut group = group.unwrap_or_else(|_| ClassicGroup::new(Arc::clone(id), now));
        let mut step = classic::Step::default();
        let write = group.loaded(now, &self.settings, &mut step);
        assert!(
            write.is_none() && step.answers.is_empty(),
            "nobody waits for a group that has just been loaded"
        );
        self.insert(group);
    }

    /// Drops the group while there is another one of its id.
    pub(crate) fn insert(&mut self, group: ClassicGroup) {
        let id = Arc::clone(group.id());
        if self.groups.contains_key(&id) {
            return;
        }
        let held = Held {
            group,
            deadline: None,
        };
        self.groups.insert(Arc::clone(&id), held);
        self.set_deadline(&id);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<ClassicGroup> {
        let held = self.groups.remove(id)?;
        if let Some(deadline) = held.deadline {
            self.deadlines
                .remove(&(deadline, Arc::clone(held.group.id())));
        }
        Some(held.group)
    }

    fn set_deadline(&mut self, id: &str) {
        let Some(held) = self.groups.get_mut(id) else {
            return;
        };
        let next = held.group.next_deadline();
        if next != held.deadline {
            let id = held.group.id();
            if let Some(former) = held.deadline {
                self.deadlines.remove(&(former, Arc::clone(id)));
            }
            if let Some(next) = next {
                self.deadlines.insert((next, Arc::clone(id)));
            }
            held.deadline = next;
        }
    }

    /// Has the group do something, if it is there.
    fn with(
        &mut self,
        id: &Arc<str>,
        run: impl FnOnce(&mut ClassicGroup, &ClassicSettings) -> Option<Write>,
    ) -> Option<GroupWrite> {
        let held = self.groups.get_mut(id)?;
        let write = run(&mut held.group, &self.settings);
        self.set_deadline(id);
        let group = Arc::clone(id);
        write.map(|write| GroupWrite { group, write })
    }

    pub(crate) fn join(
        &mut self,
        state: &State,
        (id, ticket): (&Arc<str>, Ticket),
        join: Join,
        now: Now,
        step: &mut classic::Step,
    ) -> Option<GroupWrite> {
        let mut refuse = |error| {
            let answer = JoinAnswer::error(&join.member_id, error);
            step.answers.push((ticket, Answer::Join(answer)));
            None
        };
        if id.is_empty() {
            return refuse(ErrorCode::InvalidGroupId);
        }
        if !self
            .settings
            .allow_session_timeout(join.session_timeout_ms())
        {
            return refuse(ErrorCode::InvalidSessionTimeout);
        }
        if !self.groups.contains_key(id) {
            if !join.member_id.is_empty() {
                return refuse(ErrorCode::UnknownMemberId);
            }
            if !is_recorded(state, id) {
                let settings = &self.settings;
                let (group, write) =
                    ClassicGroup::create(Arc::clone(id), ticket, join, now, settings, step);
                self.insert(group);
                let group = Arc::clone(id);
                return Some(GroupWrite { group, write });
            }
            self.insert(ClassicGroup::new(Arc::clone(id), now));
        }
        self.with(id, |group, settings| {
            group.join(ticket, join, now, settings, step)
        })
    }

    pub(crate) fn sync(
        &mut self,
        (id, ticket): (&Arc<str>, Ticket),
        sync: Sync,
        step: &mut classic::Step,
    ) -> Option<GroupWrite> {
        if !self.groups.contains_key(id) {
            let answer = SyncAnswer::error(absent(id));
            step.answers.push((ticket, Answer::Sync(answer)));
            return None;
        }
        self.with(id, |group, _| group.sync(ticket, sync, step))
    }

    /// The code to answer with.
    pub(crate) fn heartbeat(
        &mut self,
        id: &Arc<str>,
        heartbeat: &Heartbeat,
        now: Now,
    ) -> ErrorCode {
        let Some(held) = self.groups.get_mut(id) else {
            return absent(id);
        };
        let code = held.group.heartbeat(heartbeat, now);
        self.set_deadline(id);
        code
    }

    pub(crate) fn leave(
        &mut self,
        (id, ticket): (&Arc<str>, Ticket),
        leave: Leave,
        now: Now,
        step: &mut classic::Step,
    ) -> Option<GroupWrite> {
        if !self.groups.contains_key(id) {
            let answer = LeaveAnswer::unknown_group(leave);
            step.answers.push((ticket, Answer::Leave(answer)));
            return None;
        }
        self.with(id, |group, settings| {
            group.leave(ticket, leave, now, settings, step)
        })
    }

    /// A member has committed offsets.
    pub(crate) fn keep_session(&mut self, id: &str, member_id: &str, now: Now) {
        if let Some(held) = self.groups.get_mut(id) {
            held.group.committed_offsets_keep_session(member_id, now);
            self.set_deadline(id);
        }
    }

    /// Does what is due of the group whose deadline is the first.
    pub(crate) fn expire(&mut self, now: Now, step: &mut classic::Step) -> Option<GroupWrite> {
        let (deadline, id) = self.deadlines.first()?;
        if *deadline > now.monotonic {
            return None;
        }
        let id = Arc::clone(id);
        self.with(&id, |group, settings| group.expire(now, settings, step))
    }

    pub(crate) fn committed(&mut self, write: GroupWrite, now: Now, step: &mut classic::Step) {
        let GroupWrite { group: id, write } = write;
        let none = self.with(&id, |group, _| {
            group.committed(write, now, step);
            None
        });
        assert!(none.is_none(), "what is committed makes no record");
    }

    pub(crate) fn append_failed(
        &mut self,
        state: &State,
        GroupWrite { group: id, write }: GroupWrite,
        error: ErrorCode,
        now: Now,
        step: &mut classic::Step,
    ) -> Option<GroupWrite> {
        let next = self.with(&id, |group, settings| {
            group.append_failed(write, error, now, settings, step)
        });
        // It was never written down that there is one: it is lost with its first record.
        if !is_recorded(state, &id)
            && let Some(mut group) = self.remove(&id)
        {
            group.unload(classic::append_error(error), step);
            step.records.clear();
            return None;
        }
        next
    }
}

/// Whether there is a record that a classic group may do without one of its own: that of an empty consumer group ends with the first join.
fn is_recorded(state: &State, id: &str) -> bool {
    let recorded = state.groups.get(id);
    matches!(recorded, Some(Recorded::Simple | Recorded::Classic(_)))
}

/// What a member of a group that is not there is told.
fn absent(id: &str) -> ErrorCode {
    if id.is_empty() {
        ErrorCode::InvalidGroupId
    } else {
        ErrorCode::UnknownMemberId
    }
}
