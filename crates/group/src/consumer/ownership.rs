//! Who has which partition: the epochs of their owners.

use imbl::OrdMap;
use ottla_model::{PartitionIndex, TopicId};

use super::partitions::pairs;
use super::{Epoch, Member};

/// The partitions that a member has or has still to give up, each with that member's epoch. One that is here is given to nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ownership(OrdMap<(TopicId, PartitionIndex), Epoch>);

impl Ownership {
    pub(super) fn is_owned(&self, topic: TopicId, partition: PartitionIndex) -> bool {
        self.0.contains_key(&(topic, partition))
    }

    /// Of two that claim a partition, the one of the later epoch has it: a compacted log may keep a member's older assignment for a while.
    pub(super) fn add(&mut self, member: &Member) {
        for partition in owned(member) {
            if self
                .0
                .get(&partition)
                .is_none_or(|epoch| *epoch < member.epoch)
            {
                self.0.insert(partition, member.epoch);
            }
        }
    }

    pub(super) fn remove(&mut self, member: &Member) {
        for partition in owned(member) {
            if self.0.get(&partition) == Some(&member.epoch) {
                self.0.remove(&partition);
            }
        }
    }
}

fn owned(member: &Member) -> impl Iterator<Item = (TopicId, PartitionIndex)> {
    pairs(&member.assigned).chain(pairs(&member.pending_revocation))
}
