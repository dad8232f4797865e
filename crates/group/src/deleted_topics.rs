//! Topics that are no more, whose offsets are to follow them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Now;
use ottla_model::{ErrorCode, Monotonic};
use ottla_wire::coordinator_record::GroupRecord;

use crate::offsets::{self, Offsets};

/// The most records of a step, unless a batch takes less.
const MOST_RECORDS: usize = 1000;
/// After a failure to write down that offsets are no more.
const RETRY: Duration = Duration::from_secs(1);

/// By name, with how many commits there had been: what is committed later is in another topic of the name.
pub(crate) type Deleted = BTreeMap<Arc<str>, u64>;

#[derive(Debug, Default)]
pub(crate) struct DeletedTopics {
    topics: Deleted,
    /// When to look for their offsets.
    next: Option<Monotonic>,
    /// How often a batch did not take what a step made, of which half was tried then.
    halvings: u32,
}

impl DeletedTopics {
    pub(crate) fn next(&self) -> Option<Monotonic> {
        self.next
    }

    pub(crate) fn add(&mut self, names: BTreeSet<Arc<str>>, offsets: &Offsets) {
        let commits = offsets.commits();
        let deleted = names.into_iter().map(|name| (name, commits));
        self.topics.extend(deleted);
    }

    /// What was to be written down is lost, and with it perhaps commits before: `offsets` is all that is left.
    pub(crate) fn try_again(
        &mut self,
        topics: Deleted,
        offsets: &Offsets,
        error: ErrorCode,
        now: Now,
    ) {
        if error == ErrorCode::RecordListTooLarge {
            self.halvings = (self.halvings + 1).min(MOST_RECORDS.ilog2());
        }
        for (name, commits) in topics {
            let commits = commits.min(offsets.commits());
            self.topics.entry(name).or_insert(commits);
        }
        self.next = Some(now.monotonic + RETRY);
    }

    /// Takes back the offsets in them, or as many as a step may. Gives the topics that the records are about.
    pub(crate) fn go_on(
        &mut self,
        offsets: &Offsets,
        now: Now,
        records: &mut Vec<GroupRecord<'static>>,
    ) -> Option<Deleted> {
        let most = MOST_RECORDS >> self.halvings;
        *records = offsets::of_topics(offsets, &self.topics, most);
        if records.len() == most {
            self.next = Some(now.monotonic);
            return Some(self.topics.clone());
        }
        self.next = None;
        let topics = std::mem::take(&mut self.topics);
        if records.is_empty() {
            self.halvings = 0;
            return None;
        }
        Some(topics)
    }
}
