//! Subscriptions by a regular expression, which the broker resolves.
//!
//! An expression is resolved after the request that brought it is answered: by [`ConsumerGroup::expire`], which is due at once. All of a
//! group are resolved together, so that a new topic makes one new epoch and not one for each.

mod syntax;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ottla_model::ErrorCode;

use super::change::Change;
use super::records::Record;
use super::target::Subscriptions;
use super::{ConsumerGroup, Context, GroupTimers, Rejection, ResolvedRegex, TopicsView};

/// A group's expressions are not resolved more often than this.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RegexChange {
    None,
    /// To one that is still to be resolved.
    Pending,
    /// To one whose topics are known, or to none.
    Resolved,
}

/// An expression as KIP-848 has them: RE2's, and it must match a whole name.
pub(super) struct TopicPattern(regex::Regex);

impl TopicPattern {
    pub(super) fn new(text: &str) -> Result<Self, Rejection> {
        let invalid = |reason: &str| {
            Rejection::new(
                ErrorCode::InvalidRegularExpression,
                format!(
                    "SubscribedTopicRegex `{text}` is not a valid regular expression: {reason}."
                ),
            )
        };
        let pattern = syntax::translate(text).map_err(|error| invalid(error.description()))?;
        regex::RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
            .build()
            .map(Self)
            .map_err(|_| invalid("expression nests too deeply"))
    }

    pub(super) fn matches(&self, topic: &str) -> bool {
        self.0.is_match(topic)
    }
}

impl Change<'_> {
    /// What the member's expression means to the group: the last one to leave one takes it away, the first one to bring one has it resolved.
    pub(super) fn follow_regex(&mut self) -> Result<RegexChange, Rejection> {
        let mut change = RegexChange::None;
        let mut is_new = false;
        if self.member.subscribed_regex != self.old.subscribed_regex {
            change = RegexChange::Pending;
            if let Some(dropped) = self.dropped_regex() {
                let tombstone = self.group.regex_record(dropped, None);
                self.records.push(tombstone);
            }
            match self.member.regex() {
                Some(regex) if self.group.regexes.count(regex) == 0 => {
                    TopicPattern::new(regex)?;
                    is_new = true;
                }
                Some(regex) if self.group.resolved_regex(regex).is_some() => {
                    change = RegexChange::Resolved;
                }
                Some(_) => {}
                None if self.old.regex().is_some() => change = RegexChange::Resolved,
                None => {}
            }
        }
        if (is_new || !self.group.regexes.is_empty()) && self.regexes_are_due(is_new) {
            self.timers.regexes_due = true;
        }
        Ok(change)
    }

    fn regexes_are_due(&self, is_new: bool) -> bool {
        let mut subscribed = self.group.regexes.clone();
        if let Some(regex) = self.member.regex() {
            subscribed.add(regex);
        }
        if let Some(regex) = self.old.regex() {
            subscribed.remove(regex);
        }
        if subscribed.is_empty() {
            return false;
        }
        let Some(last) = self.group.last_resolved() else {
            return true;
        };
        let age = self.context.wall_clock.0.saturating_sub(last.timestamp.0);
        // Where the clock was set back since, nobody knows how old.
        let older_than = |interval: Duration| {
            age < 0 || age > i64::try_from(interval.as_millis()).unwrap_or(i64::MAX)
        };
        older_than(MIN_REFRESH_INTERVAL)
            && (is_new
                || subscribed.len() != self.group.resolved_regexes.len()
                || last.version < self.context.topics.version_with_new_topics()
                || older_than(self.context.settings.regex_refresh_interval))
    }
}

impl ConsumerGroup {
    /// All of a group are resolved at once, so any of them tells when that was.
    fn last_resolved(&self) -> Option<&ResolvedRegex> {
        self.resolved_regexes.values().next().map(|last| &**last)
    }

    pub(super) fn resolve_regexes(
        &self,
        timers: &mut GroupTimers,
        context: &Context<'_>,
    ) -> Vec<Record> {
        if self.regexes.is_empty() {
            return Vec::new();
        }
        let mut records = Vec::new();
        let mut after = self.clone();
        let mut changed = false;
        for regex in self.regexes.names() {
            let topics = matched(regex, context.topics);
            let old = self.resolved_regex(regex).map(|old| &old.topics);
            changed |= old.unwrap_or(&BTreeSet::new()) != &topics;
            let resolved = ResolvedRegex {
                topics,
                version: context.topics.version(),
                timestamp: context.wall_clock,
            };
            records.push(self.regex_record(regex, Some(&resolved)));
            after.resolve(regex, Some(resolved));
        }
        let names = after.subscribed_topics.names().map(|name| &**name);
        let hash = timers.topic_hashes.group_hash(names, context.topics);
        // Where another epoch is on its way that is enough.
        let is_outgrown = || self.target_epoch == self.epoch && after.has_outgrown_target(context);
        if changed || hash != self.metadata_hash || is_outgrown() {
            let epoch = self.epoch.next();
            records.push(self.epoch_record(epoch, hash));
            timers.metadata_was_seen(epoch, context.now);
        }
        records
    }

    /// A member is to have what it does not subscribe to any more: an expression that is resolved for the first time, and to nothing, says so
    /// only then. Nobody would get it before the next epoch.
    fn has_outgrown_target(&self, context: &Context<'_>) -> bool {
        let mut subscriptions = Subscriptions::new(self, context.topics);
        self.members().any(|member| {
            let subscribed = subscriptions.of(member);
            let target = self.target(&member.id);
            !target.keys().all(|topic| subscribed.contains(topic))
        })
    }
}

/// The topics that the expression matches. It is compiled for this alone: one may take megabytes, and each member may bring another.
fn matched(regex: &str, topics: &dyn TopicsView) -> BTreeSet<Arc<str>> {
    // One that cannot be read was let in by a release that reads others. It matches nothing.
    let Ok(pattern) = TopicPattern::new(regex) else {
        return BTreeSet::new();
    };
    let names = topics.names().filter(|topic| pattern.matches(topic));
    names.map(Arc::from).collect()
}
