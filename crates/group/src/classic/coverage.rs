//! Whether all that the members of a group read is somebody's.

use std::collections::{BTreeMap, BTreeSet};

use ottla_coordinator::Now;
use ottla_model::PartitionIndex;
use ottla_wire::consumer_protocol::ConsumerProtocolAssignment;
use ottla_wire::version_prefix;

use super::Step;
use super::append::Write;
use super::group::ClassicGroup;
use super::phase::Phase;
use super::settings::ClassicSettings;
use crate::consumer::TopicsView;

impl ClassicGroup {
    /// Calls the members of a group that was just loaded together if a partition of what they subscribe to is nobody's. When a consumer
    /// group becomes a classic one, it is written down with what its members had, and its leader has yet to share what the others left. A
    /// coordinator that fails before then is the last to know.
    #[must_use]
    pub(crate) fn rebalance_if_left_out(
        &mut self,
        topics: &dyn TopicsView,
        now: Now,
        settings: &ClassicSettings,
        step: &mut Step,
    ) -> Option<Write> {
        let is_stable = matches!(self.phase, Phase::Stable(_));
        (is_stable && self.leaves_out(topics))
            .then(|| self.prepare_rebalance(now, settings, step))
            .flatten()
    }

    /// Not so where what the members say or were told cannot be read.
    fn leaves_out(&self, topics: &dyn TopicsView) -> bool {
        let Some(subscriptions) = &self.subscriptions else {
            return false;
        };
        let mut assigned: BTreeMap<&str, BTreeSet<PartitionIndex>> = BTreeMap::new();
        for (_, member) in self.members.iter() {
            if member.assignment.is_empty() {
                continue;
            }
            let Ok(assignment) = version_prefix::decode_at_most_newest::<
                ConsumerProtocolAssignment<'_>,
            >(&member.assignment) else {
                return false;
            };
            for topic in assignment.assigned_partitions {
                if let Some(name) = subscriptions.get(&*topic.topic) {
                    let known = assigned.entry(name).or_default();
                    known.extend(&topic.partitions);
                }
            }
        }
        subscriptions.iter().any(|name| {
            let count = topics.id(name).and_then(|id| topics.partition_count(id));
            let assigned = assigned.get(&**name);
            let has = |index| assigned.is_some_and(|assigned| assigned.contains(&index));
            !(0..count.unwrap_or(0)).map(PartitionIndex).all(has)
        })
    }
}
