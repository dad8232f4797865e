//! The search for what has expired, group by group.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Now;
use ottla_model::{ErrorCode, Monotonic};
use ottla_wire::coordinator_record::GroupRecord;

use crate::kind::Kind;
use crate::state::State;
use crate::{listing, offsets};

/// The most records of a step, unless a batch takes less.
const MOST_RECORDS: usize = 1000;

#[derive(Debug)]
pub(crate) struct Retention {
    /// How long offsets are kept.
    kept_for: Duration,
    every: Duration,
    /// `None` before the log is loaded.
    next: Option<Monotonic>,
    /// The last group that was looked at, while a search is under way.
    after: Option<Arc<str>>,
    /// The most records of a step of this search.
    most: usize,
}

/// A group of which something has expired.
pub(crate) struct Expired {
    pub(crate) group: Arc<str>,
    /// All of it has.
    pub(crate) ends: bool,
}

impl Retention {
    pub(crate) fn new(kept_for: Duration, every: Duration) -> Self {
        Self {
            kept_for,
            every,
            next: None,
            after: None,
            most: MOST_RECORDS,
        }
    }

    pub(crate) fn next(&self) -> Option<Monotonic> {
        self.next
    }

    /// The next search begins after a pause.
    pub(crate) fn pause(&mut self, now: Now) {
        self.next = Some(now.monotonic + self.every);
        self.after = None;
        self.most = MOST_RECORDS;
    }

    /// What was to be taken back of the group is still there. What a batch does not take is tried in smaller parts; a log that takes
    /// nothing is left alone until the next search.
    pub(crate) fn lost(&mut self, group: Arc<str>, error: ErrorCode, now: Now) {
        if error != ErrorCode::RecordListTooLarge {
            self.pause(now);
        } else if self.most > 1 {
            self.most /= 2;
            self.after = None;
        } else {
            self.after = Some(group);
        }
    }

    /// Looks for the next group of which something has expired, and takes it back, or as much of it as a step may.
    pub(crate) fn go_on<'a>(
        &mut self,
        state: &State,
        kind: impl Fn(&str) -> Kind<'a>,
        now: Now,
        records: &mut Vec<GroupRecord<'static>>,
    ) -> Option<Expired> {
        let from = match &self.after {
            None => Bound::Unbounded,
            Some(after) => Bound::Excluded(Arc::clone(after)),
        };
        for (id, _) in state.groups.range((from, Bound::Unbounded)) {
            let group = kind(id);
            let of = (&**id, &group);
            let is_all = offsets::expired(
                &state.offsets,
                of,
                self.kept_for,
                now.wall,
                self.most,
                records,
            );
            let ends = is_all && group.is_empty();
            if ends {
                listing::end(id, &group, records);
            }
            // There may be more of a group than one step takes.
            if records.len() < self.most {
                self.after = Some(Arc::clone(id));
            }
            if !records.is_empty() {
                let group = Arc::clone(id);
                return Some(Expired { group, ends });
            }
        }
        self.pause(now);
        None
    }
}
