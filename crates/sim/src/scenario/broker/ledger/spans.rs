//! Who had a partition of a group, and when: never two at once.
//!
//! A member has a partition for certain from when it hears so, until it last asked something that only who has it is answered well.
//! The coordinator's own opinion is at least as long on both sides.

use super::groups::{Moment, Since};
use super::lives::Life;

#[derive(Debug, Default)]
pub(super) struct Spans {
    spans: Vec<Span>,
}

#[derive(Debug)]
struct Span {
    member: String,
    since: Since,
    until: Moment,
    /// In which that was known.
    life: Life,
}

impl Spans {
    /// `member` had the partition from `since` to `until`, as is known in `life`. What was known before something was lost says nothing.
    pub(super) fn had(
        &mut self,
        member: &str,
        since: Since,
        until: Moment,
        life: Life,
        is_lost: impl Fn(Life) -> bool,
    ) -> Result<(), String> {
        self.spans.retain(|span| !is_lost(span.life));
        if is_lost(since.life) {
            return Ok(());
        }
        let overlaps = |span: &&Span| {
            span.member != member && span.since.moment <= until && since.moment <= span.until
        };
        if let Some(other) = self.spans.iter().find(overlaps) {
            return Err(format!(
                "{member} has it from {:?} to {until:?}, and so has {other:?}",
                since.moment
            ));
        }
        let is_it = |span: &&mut Span| span.member == member && span.since == since;
        match self.spans.iter_mut().rev().find(is_it) {
            Some(span) => {
                span.until = span.until.max(until);
                span.life = life;
            }
            None => self.spans.push(Span {
                member: member.to_owned(),
                since,
                until,
                life,
            }),
        }
        Ok(())
    }
}
