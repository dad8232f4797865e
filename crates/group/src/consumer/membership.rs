//! Which member a request is from, and whether it may speak for it.

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use super::partitions::assignment_epoch;
use super::records::Record;
use super::{ConsumerGroup, Epoch, Member, Rejection};

/// What a member says that it has of a topic.
pub(super) type OwnedPartitions = (TopicId, Vec<PartitionIndex>);
/// What a member says that it has.
pub(super) type Owned = [OwnedPartitions];

impl ConsumerGroup {
    pub(super) fn known_member(&self, member_id: &str) -> Result<&Member, Rejection> {
        self.member(member_id)
            .map(|member| &**member)
            .ok_or_else(|| Rejection::unknown_member(member_id, &self.id))
    }

    /// The member of an instance, which must have come under this id.
    pub(super) fn known_static_member(
        &self,
        member_id: &str,
        instance_id: &str,
    ) -> Result<&Member, Rejection> {
        let member = self.static_member(instance_id).ok_or_else(|| {
            Rejection::new(
                ErrorCode::UnknownMemberId,
                format!("Instance id {instance_id} is unknown."),
            )
        })?;
        if *member.id == *member_id {
            return Ok(member);
        }
        Err(Rejection::new(
            ErrorCode::FencedInstanceId,
            format!(
                "Static member {member_id} with instance id {instance_id} was fenced by member {}.",
                member.id
            ),
        ))
    }

    pub(super) fn check_room_for(&self, member_id: &str, max_size: usize) -> Result<(), Rejection> {
        if self.members.len() < max_size || self.members.contains_key(member_id) {
            return Ok(());
        }
        Err(Rejection::new(
            ErrorCode::GroupMaxSizeReached,
            format!("The consumer group has reached its maximum capacity of {max_size} members."),
        ))
    }

    /// A member that speaks the protocol of consumer groups, as it was before its request. Of a static member that comes back under another
    /// id, `records` first put the new id in the place of the old one.
    pub(super) fn sender(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        epoch: Epoch,
        owned: Option<&Owned>,
        records: &mut Vec<Record>,
    ) -> Result<Member, Rejection> {
        let joins = epoch == Epoch::JOIN;
        let member = match instance_id {
            None if joins => self.member_or_new(member_id),
            None => self.known_member(member_id)?.clone(),
            Some(instance_id) if joins => {
                return match self.static_member(instance_id) {
                    None => Ok(self.member_or_new(member_id)),
                    Some(existing) => {
                        if !existing.is_classic() {
                            check_released(existing, member_id, instance_id)?;
                        }
                        Ok(self.replace(existing, member_id, records))
                    }
                };
            }
            Some(instance_id) => self.known_static_member(member_id, instance_id)?.clone(),
        };
        check_epoch(&member, epoch, owned)?;
        Ok(member)
    }

    /// Puts `member_id` in the place of a static member: it has what that one had, and is to have what that one was.
    pub(super) fn replace(
        &self,
        existing: &Member,
        member_id: &str,
        records: &mut Vec<Record>,
    ) -> Member {
        let member = Member {
            id: member_id.into(),
            epoch: Epoch::JOIN,
            previous_epoch: Epoch::JOIN,
            ..existing.clone()
        };
        records.extend(self.removal_records(&existing.id));
        records.push(self.member_record(&member));
        records.push(self.target_record(member_id, &self.target(&existing.id)));
        records.push(self.assignment_record(&member));
        member
    }

    pub(super) fn member_or_new(&self, id: &str) -> Member {
        self.member(id)
            .map_or_else(|| Member::new(id), |member| Member::clone(member))
    }
}

/// The instance is free only once its member has said that it will come back.
fn check_released(existing: &Member, member_id: &str, instance_id: &str) -> Result<(), Rejection> {
    if existing.epoch == Epoch::STATIC_LEAVE {
        return Ok(());
    }
    Err(Rejection::new(
        ErrorCode::UnreleasedInstanceId,
        format!(
            "Static member {member_id} with instance id {instance_id} cannot join the group because the instance id is owned by {} member.",
            existing.id
        ),
    ))
}

/// A member may come with the epoch before its last one, if it has nothing but what is its own: the answer that told it the last one may
/// have been lost. And it may always begin anew.
fn check_epoch(member: &Member, received: Epoch, owned: Option<&Owned>) -> Result<(), Rejection> {
    if received == Epoch::JOIN || received == member.epoch {
        return Ok(());
    }
    if received > member.epoch {
        return Err(Rejection::fenced_epoch("greater", received, member.epoch));
    }
    if received == member.previous_epoch && owned.is_some_and(|owned| has_all(member, owned)) {
        return Ok(());
    }
    Err(Rejection::fenced_epoch("smaller", received, member.epoch))
}

fn has_all(member: &Member, owned: &Owned) -> bool {
    owned.iter().all(|(topic, partitions)| {
        member.assigned.contains_key(topic)
            && partitions
                .iter()
                .all(|index| assignment_epoch(&member.assigned, *topic, *index).is_some())
    })
}
