//! Judges what the members of a group are told, whichever protocol they speak.

use std::collections::{BTreeMap, BTreeSet};

/// Between two things that are asked or heard.
pub(super) type Moment = u64;

/// A member has a partition for certain from when it hears so until it last asked something that only who has it is answered well.
#[derive(Debug)]
struct Span {
    member: String,
    since: Moment,
    until: Moment,
}

#[derive(Debug, Default)]
pub(super) struct Judge {
    now: Moment,
    spans: BTreeMap<i32, Vec<Span>>,
    /// What is committed in each partition for certain.
    committed: BTreeMap<i32, i64>,
    /// What may be.
    uncertain: BTreeMap<i32, BTreeSet<i64>>,
    positions: i64,
}

impl Judge {
    pub(super) fn moment(&mut self) -> Moment {
        self.now += 1;
        self.now
    }

    /// No two members have one partition at once.
    pub(super) fn had(&mut self, member: &str, has: &BTreeMap<i32, Moment>, until: Moment) {
        for (partition, since) in has {
            let until = until.max(*since);
            let spans = self.spans.entry(*partition).or_default();
            let mut others = spans.iter().filter(|span| span.member != member);
            let other = others.find(|span| span.since <= until && *since <= span.until);
            assert!(
                other.is_none(),
                "{member} has {partition} from {since} to {until}, and so has {other:?}"
            );
            let mut own = spans.iter_mut().rev();
            match own.find(|span| span.member == member && span.since == *since) {
                Some(span) => span.until = span.until.max(until),
                None => spans.push(Span {
                    member: member.to_owned(),
                    since: *since,
                    until,
                }),
            }
        }
    }

    /// The position that is about to be committed.
    pub(super) fn committing(&mut self) -> i64 {
        self.positions += 1;
        self.positions
    }

    pub(super) fn committed(&mut self, partition: i32, position: i64) {
        let before = self.committed.insert(partition, position);
        assert!(before.is_none_or(|before| before < position));
        self.uncertain.remove(&partition);
    }

    /// It was asked for, and nobody knows whether it was written.
    pub(super) fn may_be_committed(&mut self, partition: i32, position: i64) {
        let uncertain = self.uncertain.entry(partition).or_default();
        uncertain.insert(position);
    }

    /// What was committed last is what a fetch finds.
    pub(super) fn fetched(&mut self, partition: i32, found: i64) {
        let committed = self.committed.get(&partition).copied().unwrap_or(-1);
        let uncertain = self.uncertain.remove(&partition).unwrap_or_default();
        assert!(
            found == committed || found > committed && uncertain.contains(&found),
            "{found} is found in {partition}, where {committed} was committed and {uncertain:?} perhaps"
        );
        if found >= 0 {
            self.committed.insert(partition, found);
        }
    }
}
