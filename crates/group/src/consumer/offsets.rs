//! Whether a member may commit and fetch offsets.

use ottla_model::{ErrorCode, PartitionIndex, TopicId};

use super::partitions::assignment_epoch;
use super::{ConsumerGroup, Epoch, Member, Rejection};

/// From this version on, `OffsetCommit` speaks of member epochs.
const KNOWS_MEMBER_EPOCHS: i16 = 9;

/// A commit that may go on.
#[derive(Clone, Copy, Debug)]
pub enum CommitPermit<'a> {
    All,
    /// The member has moved on since the epoch in which it committed: it may speak for the partitions that it has had since then.
    SinceThen {
        member: &'a Member,
        epoch: Epoch,
    },
}

impl CommitPermit<'_> {
    /// A refusal is one of the whole request.
    pub fn check(
        &self,
        topic: &str,
        topic_id: TopicId,
        partition: PartitionIndex,
    ) -> Result<(), Rejection> {
        let Self::SinceThen { member, epoch } = self else {
            return Ok(());
        };
        let assigned = assignment_epoch(&member.assigned, topic_id, partition)
            .or_else(|| assignment_epoch(&member.pending_revocation, topic_id, partition));
        match assigned {
            Some(assigned) if *epoch >= assigned => Ok(()),
            Some(assigned) => Err(stale(
                member,
                format!(
                    "Received {} {epoch} is older than assignment epoch {assigned} for partition {topic}-{partition}.",
                    epoch_name(member)
                ),
            )),
            None => Err(stale(
                member,
                format!(
                    "Partition {topic}-{partition} is not assigned or pending revocation for member."
                ),
            )),
        }
    }
}

impl ConsumerGroup {
    /// `epoch` is the generation or member epoch of the request, -1 from whoever is no member; `version` that of `OffsetCommit`.
    pub fn permit_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        epoch: Epoch,
        is_transactional: bool,
        version: i16,
    ) -> Result<CommitPermit<'_>, Rejection> {
        if epoch < Epoch::JOIN && self.is_empty() {
            return Ok(CommitPermit::All);
        }
        // A transactional producer that names no member commits without being one.
        let anonymous = member_id.is_empty() && instance_id.is_none();
        if is_transactional && epoch == Epoch::NONE && anonymous {
            return Ok(CommitPermit::All);
        }
        let member = self.known_member(member_id)?;
        if !is_transactional && !member.is_classic() && version < KNOWS_MEMBER_EPOCHS {
            return Err(Rejection::new(
                ErrorCode::UnsupportedVersion,
                "OffsetCommit version 9 or above must be used by members using the consumer group protocol",
            ));
        }
        if epoch > member.epoch {
            return Err(stale(
                member,
                format!(
                    "Received {} {epoch} is newer than current member epoch {}.",
                    epoch_name(member),
                    member.epoch
                ),
            ));
        }
        Ok(if epoch == member.epoch {
            CommitPermit::All
        } else {
            CommitPermit::SinceThen { member, epoch }
        })
    }

    /// Asks the committed state of the group. `member_id` is `None` from whoever is no member.
    pub fn permit_fetch(&self, member_id: Option<&str>, epoch: Epoch) -> Result<(), Rejection> {
        let member_id = match member_id {
            None if epoch < Epoch::JOIN => return Ok(()),
            member_id => member_id.unwrap_or_default(),
        };
        let member = self.known_member(member_id)?;
        if epoch == member.epoch {
            return Ok(());
        }
        Err(stale(
            member,
            format!(
                "The received {} {epoch} does not match the expected member epoch {}.",
                epoch_name(member),
                member.epoch
            ),
        ))
    }
}

fn epoch_name(member: &Member) -> &'static str {
    if member.is_classic() {
        "generation id"
    } else {
        "member epoch"
    }
}

fn stale(member: &Member, message: String) -> Rejection {
    let error = if member.is_classic() {
        ErrorCode::IllegalGeneration
    } else {
        ErrorCode::StaleMemberEpoch
    };
    Rejection::new(error, message)
}
