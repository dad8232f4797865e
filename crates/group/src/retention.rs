//! The search for what has expired, group by group.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Now;
use ottla_model::Monotonic;
use ottla_wire::coordinator_record::GroupRecord;

use crate::kind::Kind;
use crate::state::State;
use crate::{listing, offsets};

#[derive(Debug)]
pub(crate) struct Retention {
    /// How long offsets are kept.
    kept_for: Duration,
    every: Duration,
    /// `None` before the log is loaded.
    next: Option<Monotonic>,
    /// The last group that was looked at, while a search is under way.
    after: Option<Arc<str>>,
}

impl Retention {
    pub(crate) fn new(kept_for: Duration, every: Duration) -> Self {
        Self {
            kept_for,
            every,
            next: None,
            after: None,
        }
    }

    pub(crate) fn next(&self) -> Option<Monotonic> {
        self.next
    }

    /// The next search begins after a pause.
    pub(crate) fn pause(&mut self, now: Now) {
        self.next = Some(now.monotonic + self.every);
        self.after = None;
    }

    /// Looks for the next group of which something has expired, and takes it back: up to `most` records. Gives the group if all of it
    /// ends.
    pub(crate) fn go_on<'a>(
        &mut self,
        state: &State,
        kind: impl Fn(&str) -> Kind<'a>,
        now: Now,
        most: usize,
        records: &mut Vec<GroupRecord<'static>>,
    ) -> Option<Arc<str>> {
        let from = match &self.after {
            None => Bound::Unbounded,
            Some(after) => Bound::Excluded(Arc::clone(after)),
        };
        for (id, _) in state.groups.range((from, Bound::Unbounded)) {
            let group = kind(id);
            let of = (&**id, &group);
            let is_all =
                offsets::expired(&state.offsets, of, self.kept_for, now.wall, most, records);
            let ends = is_all && group.is_empty();
            if ends {
                records.push(listing::tombstone(id));
            }
            // There may be more of a group than one step takes.
            if records.len() < most {
                self.after = Some(Arc::clone(id));
            }
            if !records.is_empty() {
                return ends.then(|| Arc::clone(id));
            }
        }
        self.pause(now);
        None
    }
}
