//! Topics that are no more, whose offsets are to follow them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ottla_coordinator::Now;
use ottla_model::Monotonic;
use ottla_wire::coordinator_record::GroupRecord;

use crate::offsets::{self, Offsets};

/// After a failure to write down that offsets are no more.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct DeletedTopics {
    names: BTreeSet<Arc<str>>,
    /// When to look for their offsets.
    next: Option<Monotonic>,
}

impl DeletedTopics {
    pub(crate) fn next(&self) -> Option<Monotonic> {
        self.next
    }

    pub(crate) fn add(&mut self, names: BTreeSet<Arc<str>>, now: Now) {
        self.names.extend(names);
        self.next = Some(now.monotonic);
    }

    pub(crate) fn try_again(&mut self, names: BTreeSet<Arc<str>>, now: Now) {
        self.names.extend(names);
        self.next = Some(now.monotonic + RETRY);
    }

    /// Takes back the offsets in them, up to `most`. Gives the topics that the records are about.
    pub(crate) fn go_on(
        &mut self,
        offsets: &Offsets,
        now: Now,
        most: usize,
        records: &mut Vec<GroupRecord<'static>>,
    ) -> Option<BTreeSet<Arc<str>>> {
        *records = offsets::of_topics(offsets, &self.names, most);
        if records.len() == most {
            self.next = Some(now.monotonic);
            return Some(self.names.clone());
        }
        self.next = None;
        let names = std::mem::take(&mut self.names);
        (!records.is_empty()).then_some(names)
    }
}
