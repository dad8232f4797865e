//! Brings a member one step nearer to its target: first it gives up what it is not to have, then it gets what nobody else has any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use super::partitions::assignment_epoch;
use super::{Assignment, ConsumerGroup, Epoch, Member, MemberState, Partitions, Rejection};

/// Where a member is to go, and what it says that it has.
pub(super) struct Reconciliation<'a> {
    pub(super) group: &'a ConsumerGroup,
    pub(super) target_epoch: Epoch,
    pub(super) target: &'a Partitions,
    /// The topics that it subscribes to, and that exist: it gets nothing of others, whatever the target says.
    pub(super) subscribed: &'a BTreeSet<TopicId>,
    /// It gives up other topics at once, without waiting for a target that knows of it.
    pub(super) subscription_changed: bool,
    /// `None` if it did not say.
    pub(super) owned: Option<&'a [(TopicId, Vec<PartitionIndex>)]>,
}

impl Reconciliation<'_> {
    pub(super) fn step(&self, member: Member) -> Result<Member, Rejection> {
        if !self.subscription_changed && member.is_reconciled_to(self.target_epoch) {
            return Ok(member);
        }
        Ok(match member.state {
            MemberState::Stable if member.epoch != self.target_epoch => self.advance(member),
            MemberState::Stable if self.subscription_changed => self.unsubscribe(member),
            MemberState::Stable => member,
            MemberState::UnrevokedPartitions => {
                if !self.still_owns(&member.pending_revocation) {
                    self.advance(member)
                } else if self.subscription_changed {
                    self.unsubscribe(member)
                } else {
                    member
                }
            }
            MemberState::UnreleasedPartitions => self.advance(member),
            MemberState::Unknown => {
                // It cannot be known what it was told, so it must come with empty hands.
                if self.owned.is_none_or(|owned| !owned.is_empty()) {
                    return Err(Rejection::new(
                        ErrorCode::FencedMemberEpoch,
                        "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.",
                    ));
                }
                self.advance(member)
            }
        })
    }

    /// A member that does not say what it owns is taken to own all it ever got.
    fn still_owns(&self, revoked: &Assignment) -> bool {
        let Some(owned) = self.owned else {
            return true;
        };
        owned.iter().any(|(topic, partitions)| {
            partitions
                .iter()
                .any(|partition| assignment_epoch(revoked, *topic, *partition).is_some())
        })
    }

    /// Takes what is of other topics than those it subscribes to out of its hands, and leaves it where it is otherwise.
    fn unsubscribe(&self, member: Member) -> Member {
        if member
            .assigned
            .keys()
            .all(|topic| self.subscribed.contains(topic))
        {
            return member;
        }
        let mut assigned = Assignment::clone(&member.assigned);
        let mut revoked = Assignment::clone(&member.pending_revocation);
        assigned.retain(|topic, partitions| {
            let stays = self.subscribed.contains(topic);
            if !stays {
                revoked.entry(*topic).or_default().extend(
                    partitions
                        .iter()
                        .map(|(partition, epoch)| (*partition, *epoch)),
                );
            }
            stays
        });
        if self.still_owns(&revoked) {
            moved(
                member,
                MemberState::UnrevokedPartitions,
                None,
                assigned,
                revoked,
            )
        } else {
            let (state, revoked) = (member.state, Assignment::clone(&member.pending_revocation));
            moved(member, state, None, assigned, revoked)
        }
    }

    fn advance(&self, member: Member) -> Member {
        let mut assigned = Assignment::new();
        let mut revoked = Assignment::new();
        for (topic, partitions) in member.assigned.iter() {
            let target = self.target_of(*topic);
            for (partition, epoch) in partitions {
                let stays = target.is_some_and(|target| target.contains(partition));
                let into = if stays { &mut assigned } else { &mut revoked };
                into.entry(*topic).or_default().insert(*partition, *epoch);
            }
        }
        if !revoked.is_empty() && self.still_owns(&revoked) {
            return moved(
                member,
                MemberState::UnrevokedPartitions,
                None,
                assigned,
                revoked,
            );
        }

        let mut waits = false;
        for topic in self.target.keys() {
            for partition in self.target_of(*topic).into_iter().flatten() {
                if assignment_epoch(&member.assigned, *topic, *partition).is_some() {
                    continue;
                }
                // What it was told to give up is still counted as its own, and nobody else's.
                let free = !self.group.is_owned(*topic, *partition)
                    || assignment_epoch(&member.pending_revocation, *topic, *partition).is_some();
                if free {
                    let partitions = assigned.entry(*topic).or_default();
                    partitions.insert(*partition, self.target_epoch);
                } else {
                    waits = true;
                }
            }
        }
        let state = if waits {
            MemberState::UnreleasedPartitions
        } else {
            MemberState::Stable
        };
        moved(
            member,
            state,
            Some(self.target_epoch),
            assigned,
            Assignment::new(),
        )
    }

    fn target_of(&self, topic: TopicId) -> Option<&BTreeSet<PartitionIndex>> {
        self.target
            .get(&topic)
            .filter(|_| self.subscribed.contains(&topic))
    }
}

/// A member that stays in its epoch has been told of it twice, so that epoch becomes its previous one, too.
fn moved(
    member: Member,
    state: MemberState,
    epoch: Option<Epoch>,
    assigned: Assignment,
    revoked: Assignment,
) -> Member {
    Member {
        previous_epoch: member.epoch,
        epoch: epoch.unwrap_or(member.epoch),
        state,
        assigned: Arc::new(assigned),
        pending_revocation: Arc::new(revoked),
        ..member
    }
}
